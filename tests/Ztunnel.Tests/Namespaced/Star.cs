using Mesh.Identity;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Two clients' namespaces around a server's, each with a dedicated ztunnel; what the clients dial on the open port is redirected.</summary>
internal sealed class Star : IDisposable
{
    public const int OpenPort = 8080;
    private static int s_made;
    private readonly string _id = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}";

    public Star()
    {
        Missing = TwoNodes.FindMissing();
        if (Missing is not null) return;
        (Server, Client, Other) = (new Node($"zxs{_id}", "10.94.0.1"), new Node($"zxc{_id}", "10.94.0.2"), new Node($"zxo{_id}", "10.94.0.3"));
        Shell.Run($"ip -n zxs{_id} link add br0 type bridge && ip -n zxs{_id} addr add {Server.Address}/24 dev br0 && ip -n zxs{_id} link set br0 up");
        foreach (var (name, node) in new[] { ($"zxc{_id}", Client), ($"zxo{_id}", Other) })
        {
            Shell.Run($"ip link add veth0 netns {name} type veth peer name {name[..3]} netns zxs{_id}");
            Shell.Run($"ip -n zxs{_id} link set {name[..3]} master br0 up && ip -n {name} addr add {node.Address}/24 dev veth0 && ip -n {name} link set veth0 up");
            Shell.Run($"ip netns exec {name} nft -f -", TwoNodes.Redirect("output", $"ip daddr {Server.Address} tcp dport {{ {OpenPort}, 15000, 15020 }}", 15001));
        }

        Issuer = CertificateIssuer.CreateSelfSigned("test", IssuerKeyKind.Ec256, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(48));
        File.WriteAllText(Path.Combine(Folder, "ca.pem"), Issuer.CertificatePem);
        File.WriteAllText(Path.Combine(Folder, "ca.key"), Issuer.PrivateKeyPem);
        File.WriteAllText(
            Path.Combine(Folder, "local.yaml"),
            "workloads:\n" + TwoNodes.Pod("server", Server.Address) + TwoNodes.Pod("client", Client.Address) + TwoNodes.Pod("other", Other.Address) + "policies: []\nservices: []\n");
    }

    /// <summary>What this machine lacks; null when the test can run.</summary>
    public string? Missing { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mesh-ztunnel-").FullName;

    public Node Client { get; } = null!;

    public Node Other { get; } = null!;

    public Node Server { get; } = null!;

    public CertificateIssuer Issuer { get; } = null!;

    public Dictionary<string, string> EnvironmentOf(string name) => TwoNodes.EnvironmentOf(name, Folder);

    public void Dispose()
    {
        Client?.Dispose();
        Other?.Dispose();
        Server?.Dispose();
        Issuer?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
