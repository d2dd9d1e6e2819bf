using Mesh.Identity;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>
/// A client's and a server's namespace, each with a dedicated ztunnel, joined by a cable. The client's connections to the two service
/// ports are redirected; policy of the server's workload denies the second one.
/// </summary>
public sealed class TwoNodes : IDisposable
{
    public const int OpenPort = 8080;
    public const int DeniedPort = 9090;
    private static int s_made;
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-ztunnel-").FullName;

    public TwoNodes()
        : this(static _ => { })
    {
    }

    /// <summary>With further settings for the server's proxy.</summary>
    internal TwoNodes(Action<Dictionary<string, string>> forServer)
    {
        Missing = FindMissing();
        if (Missing is not null) return;
        var id = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}";
        (Client, Server) = (new Node($"ztc{id}", "10.92.0.1"), new Node($"zts{id}", "10.92.0.2"));
        Shell.Run($"ip link add veth0 netns ztc{id} type veth peer name veth0 netns zts{id}");
        foreach (var (name, address) in new[] { ($"ztc{id}", Client.Address), ($"zts{id}", Server.Address) })
        {
            Shell.Run($"ip -n {name} addr add {address}/24 dev veth0 && ip -n {name} link set veth0 up");
        }

        Shell.Run($"ip netns exec ztc{id} nft -f -", Redirect("output", $"ip daddr {Server.Address} tcp dport {{ {OpenPort}, {DeniedPort} }}", 15001));
        Issuer = CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), Issuer.CertificatePem);
        File.WriteAllText(Path.Combine(_folder, "ca.key"), Issuer.PrivateKeyPem);
        File.WriteAllText(Path.Combine(_folder, "local.yaml"), LocalConfig(Client.Address, Server.Address));
        Client.Start(EnvironmentOf("client", _folder));
        var environment = EnvironmentOf("server", _folder);
        forServer(environment);
        Server.Start(environment);
        Client.WaitUntilReady();
        Server.WaitUntilReady();
    }

    /// <summary>What this machine lacks; null when the tests can run.</summary>
    public string? Missing { get; }

    internal Node Client { get; } = null!;

    internal Node Server { get; } = null!;

    internal CertificateIssuer Issuer { get; } = null!;

    public void Dispose()
    {
        Client?.Dispose();
        Server?.Dispose();
        Issuer?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal static string? FindMissing()
    {
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal)) return "needs root for network namespaces";
        return !Shell.Has("ip") ? "needs iproute2" : !Shell.Has("nft") ? "needs nftables" : null;
    }

    internal static string Redirect(string hook, string what, int port) =>
        $"table inet r {{\n chain c {{\n type nat hook {hook} priority -100;\n meta mark 1337 accept\n {what} redirect to :{port}\n }}\n}}\n";

    internal static string Pod(string name, string ip) =>
        $"- {{uid: cluster1//v1/Pod/default/{name}, name: {name}, namespace: default, serviceAccount: {name}, workloadIps: [\"{ip}\"], protocol: HBONE,"
        + $" node: {name}, network: \"\", workloadName: {name}, canonicalName: {name}, canonicalRevision: v1, services: {{}}}}\n";

    internal static Dictionary<string, string> EnvironmentOf(string name, string folder) => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_ROOT"] = Path.Combine(folder, "ca.pem"),
        ["FAKE_CA_KEY"] = Path.Combine(folder, "ca.key"),
        ["XDS_ADDRESS"] = "",
        ["LOCAL_XDS_PATH"] = Path.Combine(folder, "local.yaml"),
        ["PROXY_WORKLOAD_INFO"] = $"default/{name}/{name}",
        ["NODE_NAME"] = name,
        ["PACKET_MARK"] = "1337",
        ["ENABLE_ORIG_SRC"] = "false", // Needs the node agent's routes.
        ["RUST_LOG"] = "info",
        ["LOG_FORMAT"] = "plain",
    };

    private static string LocalConfig(string client, string server) =>
        "workloads:\n" + Pod("client", client) + Pod("server", server)
            + $"policies:\n- {{name: shut, namespace: default, scope: Namespace, action: Deny, dryRun: false, rules: [[[{{destinationPorts: [{DeniedPort}]}}]]]}}\nservices: []\n";
}
