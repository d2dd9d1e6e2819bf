using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Mesh.Identity;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>
/// Namespaces joined by a bridge, each with a dedicated ztunnel that serves one workload and learns the mesh from a real discovery server.
/// Node n has the address 10.95.x.n; its connections to service addresses (10.96.0.0/16) and to other nodes' ports 8000-8999 are redirected.
/// </summary>
internal sealed class Lab : IAsyncDisposable
{
    public const int ApplicationPort = 8080;
    private static int s_made;
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-lab-").FullName;
    private readonly string _id = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}";
    private readonly List<Socket> _listeners = [];
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly CertificateIssuer _issuer =
        CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));
    private readonly string _bridge;

    private Lab()
    {
        _bridge = $"zlb{_id}";
        Shell.Run($"ip netns add {_bridge} && ip -n {_bridge} link add br0 type bridge && ip -n {_bridge} link set br0 up");
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), _issuer.CertificatePem);
        File.WriteAllText(Path.Combine(_folder, "ca.key"), _issuer.PrivateKeyPem);
    }

    public TestControlPlane ControlPlane { get; private set; } = null!;

    public Node this[string name] => _nodes[name];

    /// <summary>What this machine lacks; null when the tests can run.</summary>
    public static string? FindMissing()
    {
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal)) return "needs root for network namespaces";
        return !Shell.Has("ip") ? "needs iproute2" : !Shell.Has("nft") ? "needs nftables" : null;
    }

    /// <summary>Makes the nodes, then the control plane with these resources, then the proxies.</summary>
    public static async Task<Lab> StartAsync(string[] names, object[] resources, Dictionary<string, string>? settings = null)
    {
        if (FindMissing() is { } missing) Assert.Skip(missing);
        var lab = new Lab();
        try
        {
            for (var i = 0; i < names.Length; i++) lab.AddNode(names[i], i + 1);
            lab.ControlPlane = new TestControlPlane(lab._listeners);
            lab.ControlPlane.Publish(resources);
            await lab.ControlPlane.StartAsync();
            foreach (var name in names) lab[name].Start(lab.EnvironmentOf(name, settings ?? []));
            foreach (var name in names) lab[name].WaitUntilReady();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public static string AddressOf(int number) => $"10.95.0.{number}";

    /// <summary>The workload of the node with this number (they count from one).</summary>
    public static Workload Pod(string name, int number, string network = "") => new()
    {
        Uid = $"Kubernetes//Pod/default/{name}",
        Name = name,
        Namespace = "default",
        ServiceAccount = name,
        Addresses = [IPAddress.Parse(AddressOf(number))],
        Network = network,
        Protocol = TunnelProtocol.Hbone,
        Node = name,
        WorkloadName = name,
        CanonicalName = name,
        CanonicalRevision = "v1",
    };

    public static Service Service(string name, int number, string network = "") => new()
    {
        Name = name,
        Namespace = "default",
        Hostname = $"{name}.default.svc.cluster.local",
        Addresses = [new VirtualAddress(network, IPAddress.Parse(VirtualAddressOf(number)))],
        Ports = [new ServicePort(80, ApplicationPort)],
    };

    public static string VirtualAddressOf(int number) => $"10.96.0.{number}";

    public static Workload Backs(Workload workload, Service service) =>
        workload with { Services = workload.Services.Add(new WorkloadService(service.Key, service.Ports)) };

    public static AuthorizationPolicy Deny(string name, PolicyMatch match, PolicyScope scope = PolicyScope.Namespace) => new()
    {
        Name = name,
        Namespace = "default",
        Scope = scope,
        Action = PolicyAction.Deny,
        Rules = [new PolicyRule([new PolicyClause([match])])],
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values) node.Dispose();
        if (ControlPlane is not null) await ControlPlane.DisposeAsync();
        foreach (var listener in _listeners) listener.Dispose();
        Shell.Run($"ip netns del {_bridge}");
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void AddNode(string name, int number)
    {
        var space = $"zl{number}-{_id}";
        var node = new Node(space, AddressOf(number));
        _nodes[name] = node;
        Shell.Run(
            $"ip link add veth0 netns {space} type veth peer name p{number} netns {_bridge}"
            + $" && ip -n {_bridge} link set p{number} master br0 up"
            + $" && ip -n {space} addr add {node.Address}/24 dev veth0 && ip -n {space} link set veth0 up"
            + $" && ip -n {space} route add 10.96.0.0/16 dev veth0");
        Shell.Run(
            $"ip netns exec {space} nft -f -",
            "table inet r {\n chain out {\n type nat hook output priority -100;\n meta mark 1337 accept\n"
            + $" ip daddr {node.Address} accept\n ip daddr 10.96.0.0/16 meta l4proto tcp redirect to :15001\n"
            + " ip daddr 10.95.0.0/24 tcp dport 8000-8999 redirect to :15001\n }\n"
            + " chain in {\n type nat hook prerouting priority -100;\n iif lo accept\n tcp dport 8000-8999 redirect to :15006\n }\n}\n");
        _listeners.Add(node.Namespace.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 15012));
            socket.Listen(16);
            return socket;
        }));
    }

    private Dictionary<string, string> EnvironmentOf(string name, Dictionary<string, string> settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["PROXY_MODE"] = "dedicated",
            ["FAKE_CA"] = "true",
            ["FAKE_CA_ROOT"] = Path.Combine(_folder, "ca.pem"),
            ["FAKE_CA_KEY"] = Path.Combine(_folder, "ca.key"),
            ["XDS_ADDRESS"] = "http://127.0.0.1:15012",
            ["PROXY_WORKLOAD_INFO"] = $"default/{name}/{name}",
            ["NODE_NAME"] = name,
            ["PACKET_MARK"] = "1337",
            ["ENABLE_ORIG_SRC"] = "false", // Needs the node agent's routes.
            ["RUST_LOG"] = "info,access=debug",
            ["LOG_FORMAT"] = "plain",
        };
        foreach (var (key, value) in settings) environment[key] = value;
        return environment;
    }
}
