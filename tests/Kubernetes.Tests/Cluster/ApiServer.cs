using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>A real etcd and kube-apiserver of their own, shared by the tests that need them; absent programs skip those tests.</summary>
public sealed class ApiServer : IAsyncLifetime
{
    private readonly Folder _folder = new();
    private readonly List<Process> _processes = [];
    private string? _missing;
    private int _namespaces;
    private int _etcdPort;

    public int Port { get; private set; }

    internal string AuthorityFile => _folder.File("ca.crt");

    internal string Kubeconfig => _folder.File("admin.kubeconfig");

    public async ValueTask InitializeAsync()
    {
        var server = FindServer();
        var etcd = FindOnPath("etcd");
        if (server is null) _missing = "kube-apiserver is not built; hack/cluster/build makes it";
        else if (etcd is null) _missing = "etcd is not installed";
        if (_missing is not null) return;

        Port = FreePort();
        _etcdPort = FreePort();
        var peerPort = FreePort();
        WriteKeys();
        Start(etcd!, "--data-dir", _folder.File("etcd"), "--listen-client-urls", $"http://127.0.0.1:{_etcdPort}",
            "--advertise-client-urls", $"http://127.0.0.1:{_etcdPort}", "--listen-peer-urls", $"http://127.0.0.1:{peerPort}",
            "--initial-advertise-peer-urls", $"http://127.0.0.1:{peerPort}", "--initial-cluster", $"default=http://127.0.0.1:{peerPort}");
        Start(server!, "--etcd-servers", $"http://127.0.0.1:{_etcdPort}", "--bind-address", "127.0.0.1", "--secure-port", $"{Port}",
            "--advertise-address", "127.0.0.1", "--tls-cert-file", _folder.File("server.crt"), "--tls-private-key-file", _folder.File("server.key"),
            "--client-ca-file", _folder.File("ca.crt"), "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-signing-key-file", _folder.File("accounts.key"), "--service-account-key-file", _folder.File("accounts.key"),
            "--api-audiences", "https://kubernetes.default.svc,istio-ca", "--service-cluster-ip-range", "10.96.0.0/24",
            "--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount",
            // ConfigMaps straight from etcd: a compaction then makes old versions unusable at once, as hours of history do elsewhere.
            "--watch-cache-sizes", "configmaps#0");
        using var client = Admin();
        await WaitUntilReadyAsync(client);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A client with all rights; skips the test when there is no server.</summary>
    public KubernetesClient Connect(TimeProvider? time = null)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return Admin(time);
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

    /// <summary>The certificate authority and address of the server with another user, in a folder of the caller's.</summary>
    internal CredentialSearch Search(Folder folder, string user, int? port = null)
    {
        var file = folder.Write("kubeconfig", Config(user, port ?? Port));
        return new CredentialSearch { Kubeconfig = file };
    }

    private KubernetesClient Admin(TimeProvider? time = null) => new(
        Credentials.Discover(new CredentialSearch { Kubeconfig = Kubeconfig }),
        new KubernetesClientOptions { Time = time ?? TimeProvider.System, Random = new Random(11), FieldManager = "tests" });

    private void WriteKeys()
    {
        var (authority, _) = Certificates.Authority("test-cluster");
        _folder.Write("ca.crt", authority.ExportCertificatePem());
        var (certificate, key) = Certificates.Issue(authority, "kube-apiserver", "kubernetes");
        _folder.Write("server.crt", certificate);
        _folder.Write("server.key", key);
        (certificate, key) = Certificates.Issue(authority, "admin", organization: "system:masters");
        _folder.Write("admin.crt", certificate);
        _folder.Write("admin.key", key);
        using var accounts = RSA.Create(2048);
        _folder.Write("accounts.key", accounts.ExportRSAPrivateKeyPem());
        _folder.Write("admin.kubeconfig", Config("client-certificate: admin.crt, client-key: admin.key", Port));
    }

    private string Config(string user, int port) =>
        $$"""
        current-context: c
        clusters: [{name: x, cluster: {server: 'https://127.0.0.1:{{port}}', certificate-authority: '{{_folder.File("ca.crt")}}'} }]
        users: [{name: u, user: { {{user}} } }]
        contexts: [{name: c, context: {cluster: x, user: u} }]
        """;

    private async Task WaitUntilReadyAsync(KubernetesClient client)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await client.TryGetTextAsync("/readyz", CancellationToken.None);
            if (answer.Value == "ok") return;
            var ended = _processes.Find(process => process.HasExited);
            if (ended is not null || TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(90))
                throw new InvalidOperationException($"The API server did not become ready: {answer.Error}{answer.Value}\n{Logs()}");
            await Task.Delay(200);
        }
    }

    private string Logs()
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(_folder.Path, "*.log")) text.AppendLine(file).AppendLine(File.ReadAllText(file));
        return text.Length > 4000 ? text.ToString(text.Length - 4000, 4000) : text.ToString();
    }

    private void Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$@\" >\"$0\" 2>&1");
        start.ArgumentList.Add(_folder.File(Path.GetFileName(program) + ".log"));
        start.ArgumentList.Add(program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _processes.Add(Process.Start(start)!);
    }

    private static string? FindServer()
    {
        if (Environment.GetEnvironmentVariable("MESH_KUBE_APISERVER") is { Length: > 0 } given) return given;
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".cache");
        var mesh = Path.Combine(cache, "mesh");
        if (!Directory.Exists(mesh)) return null;
        return Directory.GetDirectories(mesh, "kubernetes-*")
            .Select(folder => Path.Combine(folder, "bin", "kube-apiserver"))
            .Where(File.Exists)
            .MaxBy(File.GetLastWriteTimeUtc);
    }

    private static string? FindOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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
