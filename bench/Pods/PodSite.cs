using System.Diagnostics;
using Mesh.Linux.Namespaces;

namespace Mesh.Bench.Pods;

/// <summary>
/// Two nodes with eight pods each, all on one switch, and a server in each pod of the second: 64 pairs of identities. What a client
/// pod sends to the servers' port is redirected to its ztunnel. Owns namespaces, servers and agents; disposing takes them down.
/// </summary>
internal sealed class PodSite : IDisposable
{
    public const int PodsPerNode = 8;
    public const int Pairs = PodsPerNode * PodsPerNode;
    private const string Switch = Site.Prefix + "switch";
    private const string Network = "10.92.";
    private const int ConnectionsPerServer = 1024;
    private readonly List<Process> servers = [];
    private readonly List<NodeAgent> agents = [];
    private readonly List<BenchPod> pods = [];

    public PodSite(Site site)
    {
        try
        {
            Shell.Run($"ip netns add {Switch} && ip -n {Switch} link add br0 type bridge && ip -n {Switch} link set br0 up");
            AddNode(0, "a", Site.ClientNode);
            AddNode(1, "b", Site.ServerNode);
            foreach (var pod in Clients.Pods) Site.RedirectIn(pod.Netns, $"tcp dport {Site.HttpPort} redirect to :15001");
            foreach (var pod in Servers.Pods) servers.Add(site.StartNginx(pod.Netns, pod.Name, ConnectionsPerServer));
            foreach (var pod in Servers.Pods) Site.AwaitListener(pod.Netns, Site.HttpPort);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<NodeAgent> Nodes => agents;

    public NodeAgent Clients => agents[0];

    public NodeAgent Servers => agents[1];

    /// <summary>Connections to the tunnels' port that the client pods have open.</summary>
    public int CountTunnels() => Clients.Pods.Sum(pod => pod.Namespace.Run(CountTunnelsHere));

    public void Dispose()
    {
        foreach (var server in servers) Site.Kill(server);
        foreach (var agent in agents) agent.Dispose();
        foreach (var pod in pods) pod.Namespace.Dispose();
        Site.Remove([Switch, .. pods.Select(pod => pod.Netns)]);
    }

    private void AddNode(int number, string name, string netns)
    {
        var added = new BenchPod[PodsPerNode];
        for (var i = 0; i < PodsPerNode; i++)
        {
            var (pod, ip, cable) = ($"{Site.Prefix}{name}-{i}", $"{Network}{number}.{i + 1}", $"{name}{i}");
            Shell.Run($"ip netns add {pod} && ip link add eth0 netns {pod} type veth peer name {cable} netns {Switch} && "
                + $"ip -n {Switch} link set {cable} master br0 up && ip -n {pod} link set lo up && "
                + $"ip -n {pod} addr add {ip}/16 dev eth0 && ip -n {pod} link set eth0 up");
            added[i] = new BenchPod($"{name}-{i}", pod, ip, NetworkNamespace.Open($"/run/netns/{pod}"));
            pods.Add(added[i]);
        }

        agents.Add(new NodeAgent(name, netns, added));
    }

    // Columns: number, local and remote address:port in hexadecimal, state (01: established).
    private static int CountTunnelsHere()
    {
        const string RemoteEnd = ":3AA0"; // 15008
        var count = 0;
        foreach (var family in (string[])["tcp", "tcp6"])
        {
            var file = $"/proc/thread-self/net/{family}";
            if (!File.Exists(file)) continue;
            foreach (var line in File.ReadLines(file).Skip(1))
            {
                var cells = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (cells[2].EndsWith(RemoteEnd, StringComparison.Ordinal) && cells[3] == "01") count++;
            }
        }

        return count;
    }
}
