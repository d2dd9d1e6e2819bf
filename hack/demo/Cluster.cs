using System.Text.Json.Nodes;

namespace Mesh.Demo;

/// <summary>A Kubernetes cluster as kubectl shows it: the one that hack/cluster made, or the one KUBECONFIG names.</summary>
public sealed class Cluster(string kubectl)
{
    /// <summary>How long to wait for what a cluster does in its own time; a loaded machine may take most of it, and success never waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Longer than any --timeout that is given to kubectl, which then says itself what it waited for.</summary>
    private static readonly TimeSpan KubectlDeadline = TimeSpan.FromMinutes(5);

    /// <summary>The kubectl to run; it finds the cluster by itself.</summary>
    public string Kubectl => kubectl;

    /// <summary>The root of the checkout, where config/, hack/ and artifacts/ are.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Ours unless KUBECONFIG points elsewhere; then kubectl comes from PATH, or from our own build.</summary>
    public static Cluster Current()
    {
        var own = Path.Combine(Root, "hack/cluster/kubectl");
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"))) return new Cluster(own);
        var onPath = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "kubectl")).FirstOrDefault(File.Exists);
        return new Cluster(onPath ?? own);
    }

    public Task<Command.Outcome> TryAsync(IEnumerable<string> arguments, byte[]? input = null, TimeSpan? deadline = null, CancellationToken stop = default) =>
        Command.RunAsync(kubectl, arguments, input, deadline ?? KubectlDeadline, stop);

    /// <summary>Standard output of a kubectl call that must succeed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var outcome = await TryAsync(arguments);
        if (!outcome.Succeeded) throw new DemoException($"kubectl {string.Join(' ', arguments)}", outcome.Error.Trim());
        return outcome.Text;
    }

    public async Task<JsonNode> GetAsync(params string[] arguments) =>
        JsonNode.Parse(await RunAsync(["get", .. arguments, "-o", "json"]))!;

    /// <summary>The object, or null when there is none.</summary>
    public async Task<JsonNode?> FindAsync(params string[] arguments)
    {
        var outcome = await TryAsync(["get", .. arguments, "-o", "json"]);
        if (outcome.Succeeded) return JsonNode.Parse(outcome.Text);
        if (outcome.Error.Contains("NotFound", StringComparison.Ordinal) || outcome.Error.Contains("not found", StringComparison.Ordinal)) return null;
        throw new DemoException($"kubectl get {string.Join(' ', arguments)}", outcome.Error.Trim());
    }

    public async Task ApplyAsync(string yaml)
    {
        var outcome = await TryAsync(["apply", "-f", "-"], System.Text.Encoding.UTF8.GetBytes(yaml));
        if (!outcome.Succeeded) throw new DemoException("kubectl apply", outcome.Error.Trim());
    }

    public Task<Command.Outcome> ExecAsync(string ns, string pod, params string[] command) =>
        TryAsync(["exec", "-n", ns, pod, "--", .. command]);

    /// <summary>Asks again until the answer is not null; when the patience is over it fails with <paramref name="what"/> and the last state seen.</summary>
    public static async Task<T> UntilAsync<T>(string what, Func<Task<T?>> ask, Func<Task<string>>? state = null, TimeSpan? patience = null)
        where T : class
    {
        var deadline = patience ?? Patience;
        var end = DateTime.UtcNow + deadline;
        while (true)
        {
            if (await ask() is { } answer) return answer;
            if (DateTime.UtcNow > end) throw new DemoException($"{what} within {deadline.TotalSeconds:0} s", state is null ? "it did not happen" : await state());
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("run this from a checkout of the project: no Mesh.sln above the program");
    }
}
