using System.Diagnostics;
using System.Globalization;
using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Tests.Cluster;

/// <summary>A real etcd and API server, from the repository's own script; where they are not built the tests skip.</summary>
public sealed class ApiServer : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"mesh-control-{Environment.ProcessId}-{Guid.NewGuid():n}");
    private string? _missing;

    public async ValueTask InitializeAsync()
    {
        if (Script("cluster/apiserver") is not { } script) _missing = "hack/cluster/apiserver is not there";
        else
        {
            var (code, output) = await RunAsync(script, "up", _folder, "--while", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            if (code != 0) _missing = $"no API server: {output}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_missing is null) await RunAsync(Script("cluster/apiserver")!, "down", _folder);
    }

    public KubernetesClient Connect(TimeProvider? time = null)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return new KubernetesClient(
            Credentials.Discover(new CredentialSearch { Kubeconfig = Path.Combine(_folder, "kubeconfig") }),
            new KubernetesClientOptions { FieldManager = "tests", Time = time ?? TimeProvider.System });
    }

    public async Task KubectlAsync(string manifest, params string[] arguments) => await KubectlForAsync(manifest, arguments);

    public async Task<string> KubectlForAsync(string manifest, params string[] arguments)
    {
        var (code, output) = await TryKubectlAsync(manifest, arguments);
        Assert.True(code == 0, output);
        return output;
    }

    public async Task<(int Code, string Output)> TryKubectlAsync(string manifest, params string[] arguments)
    {
        var file = Path.Combine(_folder, $"{Guid.NewGuid():n}.yaml");
        await File.WriteAllTextAsync(file, manifest);
        return await RunAsync(Kubectl(), ["--kubeconfig", Path.Combine(_folder, "kubeconfig"), .. arguments, "-f", file]);
    }

    /// <summary>A file of the repository.</summary>
    public static string Read(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) folder = folder.Parent!;
        return File.ReadAllText(Path.Combine(folder.FullName, path));
    }

    private static string Kubectl()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".cache");
        return Directory.GetDirectories(Path.Combine(cache, "mesh"), "kubernetes-*")
            .Select(folder => Path.Combine(folder, "bin", "kubectl"))
            .First(File.Exists);
    }

    private static string? Script(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) continue;
            var script = Path.Combine(folder.FullName, "hack", name);
            return File.Exists(script) ? script : null;
        }
        return null;
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
