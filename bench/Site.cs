using System.Diagnostics;
using System.Globalization;

namespace Mesh.Bench;

/// <summary>
/// Two network namespaces joined by a cable, with the servers in the second one. Every client dials the same address; a
/// redirection in the first namespace decides whether a proxy is in the way. Owns what it started; disposing takes it all down.
/// </summary>
internal sealed class Site : IDisposable
{
    /// <summary>Of all namespaces: what carries it is ours and is cleared away.</summary>
    public const string Prefix = "mesh-bench-";
    public const string ClientNode = Prefix + "a";
    public const string ServerNode = Prefix + "b";

    /// <summary>A UNIX socket's path is short, and the work folder's may not be.</summary>
    public const string AgentSocketPrefix = "/run/" + Prefix;
    public const string ClientIp = "10.90.0.1";
    public const string ServerIp = "10.90.0.2";
    public const int HttpPort = 8080;
    public const int BulkPort = 5201;

    /// <summary>All of these addresses are the server's, so that each can be a destination of its own.</summary>
    public const string ManyServersPrefix = "10.91.";

    /// <summary>Descriptors a process needs besides its connections.</summary>
    public const int FilesSpare = 600;

    private readonly List<Process> servers = [];

    public Site(string work)
    {
        Work = work;
        Directory.CreateDirectory(work);
        TakeDown();
        foreach (var node in (string[])[ClientNode, ServerNode]) Shell.Run($"ip netns add {node}; ip -n {node} link set lo up");
        Shell.Run($"ip link add {ClientNode} netns {ClientNode} type veth peer name {ServerNode} netns {ServerNode}");
        foreach (var (node, ip) in ((string, string)[])[(ClientNode, ClientIp), (ServerNode, ServerIp)])
        {
            Shell.Run($"ip -n {node} addr add {ip}/24 dev {node}; ip -n {node} link set {node} up; ip -n {node} route add default dev {node}");
            Shell.Run(In(node, "sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.all.rp_filter=0 "
                + "net.ipv4.ip_local_port_range='20000 65000' net.ipv4.tcp_tw_reuse=1 net.core.somaxconn=4096"));
        }

        Shell.Run($"ip -n {ServerNode} route add local {ManyServersPrefix}0.0/16 dev lo");
        Shell.Run($"ip -n {ClientNode} route add {ManyServersPrefix}0.0/16 via {ServerIp}");
        StartServers();
    }

    public string Work { get; }

    /// <summary>Descriptors that this machine lets a process open.</summary>
    public static int FilesMax { get; } = int.Parse(Shell.Run("ulimit -Hn | sed s/unlimited/1000000/"), CultureInfo.InvariantCulture);

    public static string In(string node, string command) => $"ip netns exec {node} {command}";

    public static string AsClient(string command) => In(ClientNode, command);

    /// <summary>Sends what the client dials to a proxy of its own; without ports, takes the redirection away.</summary>
    public static void Redirect(params (int From, int To)[] ports)
    {
        if (ports.Length == 0)
        {
            Shell.Run(AsClient("nft flush ruleset"));
            return;
        }

        var rules = string.Join('\n', ports.Select(p => $"ip daddr {{ {ServerIp}, {ManyServersPrefix}0.0/16 }} tcp dport {p.From} redirect to :{p.To}"));
        RedirectIn(ClientNode, rules);
    }

    /// <summary>These rules, and no others, for what is sent from there and not by a proxy.</summary>
    public static void RedirectIn(string node, string rules) => Shell.Feed(
        In(node, "nft -f -"), $"flush ruleset\ntable inet bench {{ chain out {{ type nat hook output priority -100; meta mark 1337 accept\n{rules}\n}}\n}}\n");

    public static void AwaitListener(string node, int port) =>
        Waiting.Until(() => Shell.Run(In(node, "ss -ltn"), mustSucceed: false).Contains($":{port} ", StringComparison.Ordinal), $"port {port} listens");

    public void Dispose()
    {
        foreach (var server in servers) Kill(server);
        TakeDown();
    }

    /// <summary>Namespaces and what still runs in them.</summary>
    public static void Remove(IEnumerable<string> nodes) =>
        Shell.Run($"for n in {string.Join(' ', nodes)}; do ip netns pids $n 2>/dev/null | xargs -r kill -9; ip netns del $n 2>/dev/null; done", mustSucceed: false);

    public static void Kill(Process process)
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>A server that answers every request with one line, in a process of its own; its files have this name.</summary>
    public Process StartNginx(string node, string name, int connections)
    {
        var own = Path.Combine(Work, name);
        File.WriteAllText($"{own}.conf", $$"""
            daemon off; master_process off; worker_processes 1; pid {{own}}.pid; error_log /dev/null;
            worker_rlimit_nofile {{connections + FilesSpare}};
            events { worker_connections {{connections}}; }
            http { access_log off; keepalive_requests 100000000; keepalive_timeout 3600s;
              client_body_temp_path {{Work}}/b; proxy_temp_path {{Work}}/p; fastcgi_temp_path {{Work}}/f; uwsgi_temp_path {{Work}}/u; scgi_temp_path {{Work}}/s;
              server { listen {{HttpPort}} backlog=4096; location / { default_type text/plain; return 200 "hello, mesh\n"; } } }
            """);
        return Shell.Start(node, "nginx", ["-c", $"{own}.conf"], $"{own}.log");
    }

    private void StartServers()
    {
        servers.Add(StartNginx(ServerNode, "nginx", FilesMax - FilesSpare));
        servers.Add(Shell.Start(ServerNode, "iperf3", ["-s", "-p", $"{BulkPort}"], Path.Combine(Work, "iperf3.log")));
        Waiting.Until(() => Shell.Run(AsClient($"curl -s -o /dev/null -w %{{http_code}} http://{ServerIp}:{HttpPort}/"), mustSucceed: false) == "200", "nginx answers");
        AwaitListener(ServerNode, BulkPort);
    }

    private static void TakeDown()
    {
        var nodes = Shell.Run("ip netns list", mustSucceed: false).Split('\n').Select(line => line.Split(' ')[0]);
        Remove(nodes.Where(node => node.StartsWith(Prefix, StringComparison.Ordinal)));
        Shell.Run($"rm -f {AgentSocketPrefix}*.sock");
    }
}
