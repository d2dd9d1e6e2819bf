using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>A real etcd and kube-apiserver (hack/cluster/apiserver), shared by the tests that need them; absent programs skip those tests.</summary>
public sealed class ApiServer : IAsyncLifetime
{
    private readonly Folder _folder = new();
    private readonly string _script = Path.Combine(RepositoryRoot(), "hack", "cluster", "apiserver");
    private string? _missing;
    private bool _started;
    private int _namespaces;
    private int _etcdPort;

    public int Port { get; private set; }

    internal string AuthorityFile => _folder.File("server/pki/ca.crt");

    private string Kubeconfig => _folder.File("server/kubeconfig");

    public async ValueTask InitializeAsync()
    {
        var (code, output) = await RunAsync("up", _folder.File("server"), "--while", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        if (code != 0 && output.Contains("not built", StringComparison.Ordinal))
        {
            _missing = output.Trim();
            return;
        }

        if (code != 0) throw new InvalidOperationException(output);
        _started = true;
        _etcdPort = int.Parse(await File.ReadAllTextAsync(_folder.File("server/etcd.port")), CultureInfo.InvariantCulture);
        Port = Credentials.Discover(new CredentialSearch { Kubeconfig = Kubeconfig }).Server.Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_started) await RunAsync("down", _folder.File("server"));
        _folder.Dispose();
    }

    /// <summary>A client with all rights; skips the test when there is no server.</summary>
    public KubernetesClient Connect()
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return new KubernetesClient(
            Credentials.Discover(new CredentialSearch { Kubeconfig = Kubeconfig }),
            new KubernetesClientOptions { Random = new Random(11), FieldManager = "tests" });
    }

    /// <summary>A namespace that no other test uses.</summary>
    public async Task<string> CreateNamespaceAsync(KubernetesClient client)
    {
        var name = $"test-{Interlocked.Increment(ref _namespaces)}";
        await client.CreateAsync(Namespace.Resource, new Namespace { Metadata = new ObjectMeta { Name = name } }, Wait.Stop);
        return name;
    }

    /// <summary>Makes etcd forget everything before its present revision.</summary>
    public async Task CompactAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_etcdPort}") };
        var range = await PostAsync(http, "/v3/kv/range", new JsonObject { ["key"] = Convert.ToBase64String("x"u8) });
        var revision = (string?)range["header"]!["revision"];
        await PostAsync(http, "/v3/kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true });
    }

    /// <summary>The server as another user, through another port if given; the kubeconfig lies in the caller's folder.</summary>
    internal CredentialSearch Search(Folder folder, string user, int? port = null)
    {
        var file = folder.Write("kubeconfig", $$"""
            current-context: c
            clusters: [{name: x, cluster: {server: 'https://127.0.0.1:{{port ?? Port}}', certificate-authority: '{{AuthorityFile}}'} }]
            users: [{name: u, user: { {{user}} } }]
            contexts: [{name: c, context: {cluster: x, user: u} }]
            """);
        return new CredentialSearch { Kubeconfig = file };
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(_script, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        // ConfigMaps straight from etcd: a compaction then makes old versions unusable at once, as hours of history do elsewhere.
        start.Environment["MESH_APISERVER_FLAGS"] = "--watch-cache-sizes=configmaps#0";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString());
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content, Wait.Stop);
        var text = await response.Content.ReadAsStringAsync(Wait.Stop);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
