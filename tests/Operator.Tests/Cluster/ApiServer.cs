using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Kubernetes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Operator.Tests.Cluster;

/// <summary>
/// A real kube-apiserver over a real etcd, with RBAC, namespace life cycle and garbage collection; no nodes, so that tests play kubelet
/// and workload controllers. Started once for all tests of the class that asks for it.
/// </summary>
public sealed class ApiServer : IAsyncLifetime
{
    public const string OperatorAccount = "system:serviceaccount:mesh-operator:mesh-operator";
    private readonly List<Process> _processes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-apiserver-").FullName;
    private int _port;

    /// <summary>Why the server is not there, for the tests that skip; null when it runs.</summary>
    public string? Missing { get; private set; }

    public string Kubeconfig => Path.Combine(_folder, "kubeconfig");

    public string Kubectl { get; private set; } = "";

    public static string Repository { get; } = FindRepository();

    public async ValueTask InitializeAsync()
    {
        var binaries = FindBinaries();
        if (binaries is null || !File.Exists("/usr/bin/etcd"))
        {
            Missing = "needs etcd and kube-apiserver (hack/cluster/build makes them)";
            return;
        }
        Kubectl = Path.Combine(binaries, "kubectl");
        var etcd = FreePort();
        _port = FreePort();
        using (var key = RSA.Create(2048))
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, "sa.key"), key.ExportRSAPrivateKeyPem());
        }
        await File.WriteAllTextAsync(Path.Combine(_folder, "tokens.csv"),
            $"admin-token,admin,1,system:masters\noperator-token,{OperatorAccount},2,\"system:serviceaccounts,system:authenticated\"\n");
        Start("/usr/bin/etcd", $"--data-dir={_folder}/etcd --listen-client-urls=http://127.0.0.1:{etcd} --advertise-client-urls=http://127.0.0.1:{etcd} "
            + $"--listen-peer-urls=http://127.0.0.1:{FreePort()} --unsafe-no-fsync");
        Start(Path.Combine(binaries, "kube-apiserver"), $"--etcd-servers=http://127.0.0.1:{etcd} --secure-port={_port} --bind-address=127.0.0.1 "
            + $"--cert-dir={_folder} --token-auth-file={_folder}/tokens.csv --authorization-mode=RBAC --service-cluster-ip-range=10.96.0.0/16 "
            + $"--service-account-issuer=https://kubernetes.default.svc --service-account-key-file={_folder}/sa.key "
            + $"--service-account-signing-key-file={_folder}/sa.key --insecure-port=0 --disable-admission-plugins=ServiceAccount");
        await WaitForServerAsync();
        Start(Path.Combine(binaries, "kube-controller-manager"), $"--kubeconfig={Kubeconfig} --controllers=namespace,garbagecollector "
            + "--leader-elect=false --concurrent-gc-syncs=4 --port=0 --secure-port=0");
    }

    /// <summary>A client as an administrator, or as the operator's service account with the rights its manifests give it.</summary>
    public KubernetesClient Connect(bool asOperator = false, ILogger? log = null) => new(
        Credentials.Discover(new CredentialSearch { Kubeconfig = asOperator ? Kubeconfig + ".operator" : Kubeconfig }),
        new KubernetesClientOptions { FieldManager = "test", Logger = log ?? NullLogger.Instance });

    public async Task<string> RunKubectlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Kubectl, ["--kubeconfig", Kubeconfig, .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)}: {await error}");
    }

    public ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        if (Environment.GetEnvironmentVariable("MESH_KEEP_LOGS") is null) Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task WaitForServerAsync()
    {
        await File.WriteAllTextAsync(Kubeconfig, KubeconfigText("admin-token"));
        await File.WriteAllTextAsync(Kubeconfig + ".operator", KubeconfigText("operator-token"));
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await RunKubectlAsync("get", "--raw", "/readyz");
                return;
            }
            catch (InvalidOperationException) when (attempt < 240)
            {
                await Task.Delay(250); // Not listening yet, or not ready.
            }
        }
    }

    private string KubeconfigText(string token) => $$"""
        apiVersion: v1
        kind: Config
        current-context: test
        contexts:
          - name: test
            context: {cluster: test, user: test}
        clusters:
          - name: test
            cluster: {server: "https://127.0.0.1:{{_port}}", certificate-authority: "{{_folder}}/apiserver.crt"}
        users:
          - name: test
            user: {token: {{token}}}
        """;

    private void Start(string program, string arguments)
    {
        var logFile = Path.Combine(_folder, Path.GetFileName(program) + ".log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec '{program}' {arguments} >'{logFile}' 2>&1"]);
        _processes.Add(Process.Start(start)!);
    }

    private static string? FindBinaries()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var root = Path.Combine(cache, "mesh");
        string[] needed = ["kube-apiserver", "kube-controller-manager", "kubectl"];
        return Directory.Exists(root)
            ? Directory.GetDirectories(root, "kubernetes-*").Select(folder => Path.Combine(folder, "bin"))
                .Where(folder => needed.All(program => File.Exists(Path.Combine(folder, program))))
                .MaxBy(folder => File.GetLastWriteTimeUtc(Path.Combine(folder, needed[0])))
            : null;
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Mesh.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
