using System.Net;
using System.Net.Sockets;
using Mesh.Dns;
using Mesh.Identity;
using Mesh.Ztunnel.Tests.Dns;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>
/// A pod's namespace with a ztunnel in it and the rules that catch its questions, and the world outside with a name server. The pod asks
/// an address that nobody has: without the rules it would hear nothing.
/// </summary>
public sealed class DnsPod : IDisposable
{
    public const string ClusterDns = "10.96.0.10";
    public const string Outside = "10.93.0.2";

    /// <summary>Where the endpoint that has only a name listens.</summary>
    public const int NamedPort = 8081;
    private static int s_made;
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-ztunnel-").FullName;
    private readonly string _resolver = "";

    public DnsPod()
        : this("shop/client/client", prepare: null)
    {
    }

    /// <summary>With a proxy for another workload than the mesh knows, a namespace made ready otherwise, or variables of its own.</summary>
    internal DnsPod(string workload, string? prepare, params (string Name, string Value)[] variables)
    {
        Missing = FindMissing();
        if (Missing is not null) return;
        var id = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}";
        var (pod, world) = ($"ztd{id}", $"ztw{id}");
        (Pod, World) = (new Node(pod, "10.93.0.1"), new Node(world, Outside));
        Shell.Run($"ip link add veth0 netns {pod} type veth peer name veth0 netns {world}");
        foreach (var (name, address) in new[] { (pod, Pod.Address), (world, World.Address) })
        {
            Shell.Run($"ip -n {name} addr add {address}/24 dev veth0 && ip -n {name} link set veth0 up");
        }

        Shell.Run($"ip -n {pod} route add default via {Outside}");
        Shell.Run($"ip netns exec {pod} nft -f -", Rules);
        Server = World.Namespace.Run(() => new NameServer(Answer, IPAddress.Parse(Outside), 53));
        _resolver = $"/etc/netns/{pod}";
        Directory.CreateDirectory(_resolver);
        File.WriteAllText(Path.Combine(_resolver, "resolv.conf"), $"nameserver {Outside}\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\n");
        using var issuer = CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), issuer.CertificatePem);
        File.WriteAllText(Path.Combine(_folder, "ca.key"), issuer.PrivateKeyPem);
        File.WriteAllText(Path.Combine(_folder, "local.yaml"), LocalConfig);
        if (prepare is not null) Shell.Run($"ip netns exec {pod} {prepare}");
        var environment = Environs();
        environment["PROXY_WORKLOAD_INFO"] = workload;
        foreach (var (name, value) in variables) environment[name] = value;
        Pod.Start(environment);
        Pod.WaitUntilReady();
    }

    /// <summary>What this machine lacks; null when the tests can run.</summary>
    public string? Missing { get; }

    internal Node Pod { get; } = null!;

    internal Node World { get; } = null!;

    internal NameServer Server { get; } = null!;

    /// <summary>As the node agent installs them for a pod whose DNS is captured.</summary>
    private static string Rules => """
        table inet pod {
          chain raw-output { type filter hook output priority -300; meta l4proto udp udp dport 53 meta mark & 0xfff == 0x539 ct zone set 1; }
          chain raw-prerouting { type filter hook prerouting priority -300; meta l4proto udp udp sport 53 meta mark & 0xfff != 0x539 ct zone set 1; }
          chain output { type nat hook output priority -100;
            oifname != "lo" udp dport 53 meta mark & 0xfff != 0x539 redirect to :15053
            oifname != "lo" tcp dport 53 meta mark & 0xfff != 0x539 redirect to :15053
            oifname "lo" accept
            meta l4proto tcp meta mark & 0xfff != 0x539 redirect to :15001
          }
        }

        """;

    private static string LocalConfig => """
        workloads:
        - {uid: c//Pod/shop/client, name: client, namespace: shop, serviceAccount: client, workloadIps: ["10.93.0.1"], protocol: HBONE, node: here,
           network: "", workloadName: client, canonicalName: client, canonicalRevision: v1, services: {}}
        - {uid: c//Pod/shop/db-0, name: db-0, namespace: shop, serviceAccount: db, workloadIps: ["10.93.7.1", "fd93::1"], protocol: HBONE, node: there,
           network: "", workloadName: db, canonicalName: db, canonicalRevision: v1, services: {"shop/db.shop.svc.cluster.local": {80: 80}}}
        - {uid: c//Pod/shop/named, name: named, namespace: shop, serviceAccount: named, workloadIps: [], hostname: endpoint.example.com, protocol: TCP, node: there,
           network: "", workloadName: named, canonicalName: named, canonicalRevision: v1, services: {"shop/named.example.com": {80: 8081}}}
        - {uid: c//Pod/shop/lost, name: lost, namespace: shop, serviceAccount: lost, workloadIps: [], hostname: no.example.net, protocol: TCP, node: there,
           network: "", workloadName: lost, canonicalName: lost, canonicalRevision: v1, services: {"shop/lost.example.com": {80: 8081}}}
        policies: []
        services:
        - {name: lost, namespace: shop, hostname: lost.example.com, vips: ["/10.96.1.3"], ports: {80: 8081}}
        - {name: web, namespace: shop, hostname: web.shop.svc.cluster.local, vips: ["/10.96.1.1"], ports: {80: 8080}}
        - {name: db, namespace: shop, hostname: db.shop.svc.cluster.local, vips: [], ports: {80: 80}}
        - {name: api, namespace: shop, hostname: api.example.com, vips: ["/240.240.0.1"], ports: {443: 443}}
        - {name: named, namespace: shop, hostname: named.example.com, vips: ["/10.96.1.2"], ports: {80: 8081}}

        """;

    /// <summary>Asks as an application of the pod would, over UDP or TCP.</summary>
    internal byte[] Ask(string server, int port, byte[] question, bool isTcp) => Pod.Namespace.Run(() =>
    {
        var address = IPAddress.Parse(server);
        using var socket = isTcp
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        (socket.ReceiveTimeout, socket.SendTimeout) = (10_000, 10_000);
        socket.Connect(address, port); // Only answers of whom was asked arrive.
        socket.Send(isTcp ? [(byte)(question.Length >> 8), (byte)question.Length, .. question] : question);
        var answer = new byte[ushort.MaxValue + 2];
        var length = socket.Receive(answer);
        if (!isTcp) return answer[..length];
        while (length < 2 || length < 2 + ((answer[0] << 8) | answer[1])) length += socket.Receive(answer.AsSpan(length));
        return answer[2..length];
    });

    public void Dispose()
    {
        Server?.Dispose();
        Pod?.Dispose();
        World?.Dispose();
        Directory.Delete(_folder, recursive: true);
        if (_resolver.Length > 0) Directory.Delete(_resolver, recursive: true);
    }

    private static string? FindMissing()
    {
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal)) return "needs root for network namespaces";
        return !Shell.Has("ip") ? "needs iproute2" : !Shell.Has("nft") ? "needs nftables" : null;
    }

    /// <summary>big.* is too long for a datagram; no.* does not exist; endpoint.* is the outside itself; anything else has one address.</summary>
    private static IEnumerable<byte[]> Answer(byte[] question, bool isTcp)
    {
        DnsQuery.TryRead(question, out var query);
        var name = DnsName.Describe(query.Name);
        if (name.StartsWith("silent.", StringComparison.Ordinal)) return [];
        if (name.StartsWith("slow.", StringComparison.Ordinal)) Thread.Sleep(1000);
        if (name.StartsWith("no.", StringComparison.Ordinal)) return [Messages.Reply(question, DnsResponseCode.NameError)];
        if (query.Type != DnsType.A) return [Messages.Reply(question)];
        if (name.StartsWith("endpoint.", StringComparison.Ordinal)) return [Messages.Reply(question, addresses: IPAddress.Parse(Outside).GetAddressBytes())];
        if (!name.StartsWith("big.", StringComparison.Ordinal)) return [Messages.Reply(question, addresses: [192, 0, 2, 1])];
        return [isTcp ? Messages.Reply(question, addresses: [.. Enumerable.Range(0, 100).Select(i => new byte[] { 10, 9, 0, (byte)i })]) : Messages.Reply(question, more: DnsFlags.Truncated)];
    }

    private Dictionary<string, string> Environs() => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_ROOT"] = Path.Combine(_folder, "ca.pem"),
        ["FAKE_CA_KEY"] = Path.Combine(_folder, "ca.key"),
        ["XDS_ADDRESS"] = "",
        ["LOCAL_XDS_PATH"] = Path.Combine(_folder, "local.yaml"),
        ["NODE_NAME"] = "here",
        ["PACKET_MARK"] = "1337",
        ["ISTIO_META_DNS_CAPTURE"] = "true",
        ["UNSTABLE_ENABLE_SOCKS5"] = "true",
        ["ENABLE_ORIG_SRC"] = "false",
        ["RUST_LOG"] = "info,dns=debug",
        ["LOG_FORMAT"] = "plain",
    };
}
