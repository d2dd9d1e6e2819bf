using System.Net;
using System.Net.Sockets;
using Mesh.Model;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>What happens to connections that are not carried yet: policy still to come, changes on the way, dials that lead nowhere good.</summary>
[Trait("Category", "Kernel")]
public sealed class SetUpTests
{
    private const string Wait = "MESH_WORKLOAD_WAIT";
    private static readonly Workload Server = Lab.Pod("server", 2);
    private static readonly Workload Guarded = Server with { AuthorizationPolicies = ["default/late"] };

    private static Task<Lab> StartAsync(Workload server, Dictionary<string, string> settings, params object[] others) =>
        Lab.StartAsync(["client", "server"], [Lab.Pod("client", 1), server, .. others], settings);

    private static AuthorizationPolicy Allow(string name, string account) => new()
    {
        Name = name,
        Namespace = "default",
        Scope = PolicyScope.WorkloadSelector,
        Action = PolicyAction.Allow,
        Rules = [new PolicyRule([new PolicyClause([From(account)])])],
    };

    private static PolicyMatch From(string account) => new()
    {
        Principals = [new TextMatch(TextMatchKind.Exact, $"cluster.local/ns/default/sa/{account}")],
    };

    private static bool Knows(Lab lab, string node, string text) => lab[node].Http(15000, "GET /config_dump").Contains(text, StringComparison.Ordinal);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_policy_that_comes_while_the_application_is_dialled_counts(bool mutual)
    {
        await using var lab = await StartAsync(Server, new Dictionary<string, string> { ["MESH_DIAL_TIMEOUT"] = "30s" });
        using var busy = lab["server"].Namespace.Run(static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(Lab.AddressOf(2)), Lab.ApplicationPort));
            socket.Listen(0);
            return socket;
        });
        using var first = lab["server"].Connect(Lab.AddressOf(2), Lab.ApplicationPort); // The queue is full now: who dials next must wait.
        using var talk = mutual ? Talk.Open(lab["client"], Lab.AddressOf(2)) : Talk.OpenPlain(lab["client"], Lab.AddressOf(2));
        var said = Task.Run(() => talk.Say("hello"));
        Shell.WaitFor("the connection to be dialled", () => lab["server"].Http(15020, "GET /metrics")
            .Contains("istio_tcp_sockets_open{reporter=\"destination\"} 1\n", StringComparison.Ordinal));

        lab.ControlPlane.Publish(Lab.Deny("nobody", new PolicyMatch { DestinationPorts = [Lab.ApplicationPort] }));
        Shell.WaitFor("the policy", () => Knows(lab, "server", "nobody"));
        using var accepted = busy.Accept();
        Assert.Equal("", await said.WaitAsync(TimeSpan.FromSeconds(30)));
        lab["server"].WaitForLine("\terror\taccess\tconnection complete", "direction=\"inbound\"", "connection closed due to policy change");
        Assert.Contains(
            lab["server"].Http(15020, "GET /metrics").Split('\n'),
            static line => line.Contains("response_flags=\"DENY\"", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_waits_for_a_policy_that_its_workload_names_and_is_decided_by_it()
    {
        await using var lab = await StartAsync(Guarded, new Dictionary<string, string> { [Wait] = "20s" });
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(2));
        var said = Task.Run(() => talk.Say("hello"));
        Shell.WaitFor("the connection to be held", () => lab["server"].Http(15020, "GET /metrics")
            .Contains("istio_tcp_sockets_open{reporter=\"destination\"} 1\n", StringComparison.Ordinal));
        Assert.Equal(0, echo.Connections);
        lab.ControlPlane.Publish(Allow("late", "client"));
        Assert.Equal("hello", await said.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_policy_that_never_comes_denies_after_the_wait()
    {
        await using var lab = await StartAsync(Guarded, new Dictionary<string, string> { [Wait] = "1s" });
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(2));
        Assert.Equal("", talk.Say("hello"));
        lab["server"].WaitForLine("\terror\taccess\tconnection complete", "policy rejection", "default/late");
        lab["client"].WaitForLine("direction=\"outbound\"", "http status: 401");
        Assert.Equal(0, echo.Connections);
    }

    [Fact]
    public async Task A_policy_that_is_not_there_is_passed_over_where_the_operator_says_so()
    {
        await using var lab = await StartAsync(Guarded, new Dictionary<string, string> { ["MESH_SKIP_UNKNOWN_POLICIES"] = "true" });
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(2));
        Assert.Equal("hello", talk.Say("hello"));
    }

    [Fact]
    public async Task A_live_connection_that_only_a_missing_policy_could_allow_ends_when_that_one_is_overdue()
    {
        var server = Server with { AuthorizationPolicies = ["default/who"] };
        await using var lab = await StartAsync(server, new Dictionary<string, string> { [Wait] = "2s" }, Allow("who", "client"));
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(2));
        Assert.Equal("one", talk.Say("one"));
        lab.ControlPlane.Publish(Allow("who", "somebody"), server with { AuthorizationPolicies = ["default/who", "default/late"] });
        Shell.WaitFor("the change", () => Knows(lab, "server", "sa/somebody"));
        talk.WaitForEnd();
        lab["server"].WaitForLine("direction=\"inbound\"", "connection closed due to policy change");
    }

    [Fact]
    public async Task Whoever_dials_the_proxys_own_port_is_refused_once_and_not_followed_in_circles()
    {
        // The address is bypassed, so that the proxy would dial it at once; the kernel tracks the flow and so tells where it was going.
        await using var lab = await StartAsync(Server, new Dictionary<string, string> { ["MESH_BYPASS_CIDRS"] = "10.95.0.0/24" });
        using var loop = Talk.Open(lab["client"], Lab.AddressOf(1), 15001);
        loop.WaitForEnd();
        Assert.Contains("mesh_connections_refused_total{port=\"15001\",reason=\"SelfCall\"} 1\n", lab["client"].Http(15020, "GET /metrics"));
        Assert.Contains("mesh_connections_bypassed_total 0\n", lab["client"].Http(15020, "GET /metrics"));
    }

    [Fact]
    public async Task Tunnels_to_one_of_several_workloads_at_an_address_outlive_other_changes()
    {
        var api = Lab.Service("api", 10);
        var twin = Lab.Backs(Server with { Uid = "Kubernetes/networking.istio.io/WorkloadEntry/default/twin", Name = "twin" }, api);
        await using var lab = await StartAsync(Server, [], twin, api);
        using var echo = new EchoServer(lab["server"]);
        using var talk = Talk.Open(lab["client"], Lab.VirtualAddressOf(10), 80);
        Assert.Equal("one", talk.Say("one"));
        lab.ControlPlane.Publish(Lab.Service("unrelated", 11));
        Shell.WaitFor("the change", () => Knows(lab, "client", "unrelated"));
        Assert.Equal("two", talk.Say("two"));

        lab.ControlPlane.RemoveAddress(twin.Uid);
        talk.WaitForEnd();
    }

    [Fact]
    public async Task An_application_tunnel_without_a_header_is_dialled_at_the_pods_address()
    {
        const int tunnelPort = 15088;
        var tunnelled = Server with { ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, tunnelPort) };
        await using var lab = await StartAsync(tunnelled, []);
        using var echo = new EchoServer(lab["server"], tunnelPort);
        using var talk = Talk.Open(lab["client"], Lab.AddressOf(2));
        Assert.Equal("hello", talk.Say("hello"));
    }
}
