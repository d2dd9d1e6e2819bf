using System.Net;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Xds.Server;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>
/// A client's and a server's namespace, each with a dedicated ztunnel that our xDS server feeds, joined by a cable. What the client dials on
/// the service ports is redirected to its proxy. The server has a second address, of a workload of its own.
/// </summary>
public sealed class Site : IAsyncLifetime
{
    internal const string ServerIp = "10.93.0.2";
    internal const string SecondIp = "10.93.0.12";
    internal const int FirstPort = 8080;
    internal const int LastPort = 8089;
    private static int s_made;
    private readonly string _id = $"{System.Environment.ProcessId}-{Interlocked.Increment(ref s_made)}";

    /// <summary>What this machine lacks; null when the tests can run.</summary>
    public string? Missing { get; private set; }

    /// <summary>The proxies write their TLS secrets to <c>keys-NAME</c> in the folder.</summary>
    internal bool LogsKeys { get; init; }

    /// <summary>Workloads of nobody here, ten to a service, known before the proxies start.</summary>
    internal int Crowd { get; init; }

    internal string Folder { get; } = Directory.CreateTempSubdirectory("mesh-site-").FullName;

    internal ProxyNode Client { get; private set; } = null!;

    internal ProxyNode Server { get; private set; } = null!;

    internal CertificateIssuer Issuer { get; private set; } = null!;

    internal TestControlPlane ControlPlane { get; } = new();

    internal static Workload Pod(string name, string account, string ip) => new()
    {
        Uid = $"Kubernetes//Pod/default/{name}",
        Name = name,
        Namespace = "default",
        ServiceAccount = account,
        Addresses = [IPAddress.Parse(ip)],
        Protocol = TunnelProtocol.Hbone,
        Node = account,
        WorkloadName = name,
        CanonicalName = name,
        CanonicalRevision = "v1",
        Kind = WorkloadKind.Pod,
    };

    private static Workload Bystander(int at) => Pod($"deployment-6d4cf56db6-{at:x5}", $"account-{at / 10:x4}", $"10.{100 + (at >> 16)}.{(at >> 8) & 255}.{at & 255}") with
    {
        Node = $"node-{at / 100}",
        WorkloadName = $"app-{at / 10:x4}",
        CanonicalName = $"app-{at / 10:x4}",
    };

    internal static Workload SecondPod => Pod("second", "server", SecondIp);

    public async ValueTask InitializeAsync()
    {
        Missing = FindMissing();
        if (Missing is not null) return;
        var (c, s) = ($"mnc{_id}", $"mns{_id}");
        (Client, Server) = (new ProxyNode(c, "10.93.0.1"), new ProxyNode(s, ServerIp));
        Shell.Run($"ip link add veth0 netns {c} type veth peer name veth0 netns {s}");
        foreach (var node in (ProxyNode[])[Client, Server])
        {
            Shell.Run($"ip -n {node.Name} addr add {node.Address}/24 dev veth0 && ip -n {node.Name} link set veth0 up");
            Shell.Run($"ip netns exec {node.Name} sysctl -qw net.ipv4.ip_local_port_range='16000 65000' net.ipv4.tcp_tw_reuse=1 net.core.somaxconn=4096");
        }

        Shell.Run($"ip -n {s} addr add {SecondIp}/24 dev veth0");
        Shell.Run($"ip netns exec {c} nft -f -", $"table inet r {{\n chain c {{\n type nat hook output priority -100;\n meta mark 1337 accept\n"
            + $" ip daddr {{ {ServerIp}, {SecondIp} }} tcp dport {FirstPort}-{LastPort} redirect to :15001\n }}\n}}\n");
        Issuer = CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(2));
        await File.WriteAllTextAsync(Path.Combine(Folder, "ca.pem"), Issuer.CertificatePem);
        await File.WriteAllTextAsync(Path.Combine(Folder, "ca.key"), Issuer.PrivateKeyPem);
        ControlPlane.Publish([Resource.From(Pod("client", "client", Client.Address)), Resource.From(Pod("server", "server", ServerIp)), Resource.From(SecondPod)]);
        if (Crowd > 0) ControlPlane.Publish(Enumerable.Range(0, Crowd).Select(static at => Resource.From(Bystander(at))));
        await ControlPlane.ListenInsideAsync(Client.Namespace);
        await ControlPlane.ListenInsideAsync(Server.Namespace);
        Client.Start(EnvironmentOf("client"));
        Server.Start(EnvironmentOf("server"));
        Client.WaitUntilReady();
        Server.WaitUntilReady();
    }

    public async ValueTask DisposeAsync()
    {
        await ControlPlane.DisposeAsync();
        Client?.Dispose();
        Server?.Dispose();
        Issuer?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A certificate of the mesh's authority for a client of ours.</summary>
    internal Svid Issue(string account)
    {
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "default", account));
        return request.TryComplete(Issuer.Issue(request.Pem, request.Id, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1)).ChainPem, out _)!;
    }

    internal void SkipIfImpossible()
    {
        if (Missing is { } missing) Assert.Skip(missing);
    }

    private static string? FindMissing()
    {
        if (!string.Equals(System.Environment.UserName, "root", StringComparison.Ordinal)) return "needs root for network namespaces";
        return !Shell.Has("ip") ? "needs iproute2" : !Shell.Has("nft") ? "needs nftables" : null;
    }

    private Dictionary<string, string> EnvironmentOf(string name)
    {
        var environment = Environment(name);
        if (LogsKeys) environment["SSLKEYLOGFILE"] = Path.Combine(Folder, "keys-" + name);
        return environment;
    }

    private Dictionary<string, string> Environment(string name) => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_ROOT"] = Path.Combine(Folder, "ca.pem"),
        ["FAKE_CA_KEY"] = Path.Combine(Folder, "ca.key"),
        ["XDS_ADDRESS"] = $"http://127.0.0.1:{TestControlPlane.Port}",
        ["PROXY_WORKLOAD_INFO"] = $"default/{name}/{name}",
        ["NODE_NAME"] = name,
        ["POD_NAME"] = name,
        ["POD_NAMESPACE"] = "default",
        ["PACKET_MARK"] = "1337",
        ["ENABLE_ORIG_SRC"] = "false", // Needs the node agent's routes.
        ["POOL_UNUSED_RELEASE_TIMEOUT"] = "1s",
        ["RUST_LOG"] = "info",
        ["LOG_FORMAT"] = "plain",
    };
}
