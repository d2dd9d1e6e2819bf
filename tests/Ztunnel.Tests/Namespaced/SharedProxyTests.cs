using System.Net.Sockets;
using System.Text;
using Mesh.Inpod;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>The real process as a node's proxy, given pods by a real node agent.</summary>
[Trait("Category", "Kernel")]
public sealed class SharedProxyTests : IInpodAgent
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private int _live;

    [Fact]
    public async Task A_proxy_that_drains_takes_no_more_pods_and_carries_what_it_has_to_its_end()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        await using var loop = EventLoop.Start(new EventLoopOptions { Name = "agent", OnFault = static (_, _) => { } });
        var path = Path.Combine(star.Folder, "z.sock");
        await using var agent = await InpodServer.StartAsync(loop, new InpodServerOptions { Path = path }, this);
        star.Server.Start(star.EnvironmentOf("server"));
        var environment = SharedEnvironment(star, path);
        environment["CONNECTION_TERMINATION_DEADLINE"] = "120s";
        star.Other.Start(environment); // The node; the client is a pod on it.
        Assert.Equal(InpodOutcome.Acked, await agent.AddAsync("client", new PodInfo("client", "default", "client"), star.Client.Namespace, Patience));
        star.Server.WaitUntilReady();
        star.Other.WaitUntilReady();

        using var listener = star.Server.Listen(Star.OpenPort);
        using var client = star.Client.Connect(star.Server.Address, Star.OpenPort);
        client.Send("a"u8);
        Assert.True(listener.Poll(Patience, SelectMode.SelectRead), "nothing arrived");
        using var server = listener.Accept();
        star.Other.Terminate();
        star.Other.WaitForLine("draining");
        Shell.WaitFor("the end of the agent's connection", () => Volatile.Read(ref _live) == 0);
        using var born = NetworkNamespace.CreateNew();
        Assert.Equal(InpodOutcome.NotConnected, await agent.AddAsync("born", new PodInfo("born", "default", "client"), born, TimeSpan.Zero));
        Assert.Null(star.Other.ExitCode);

        server.Send("still here"u8);
        var buffer = new byte[64];
        Assert.Equal("still here", Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)));
        client.Close();
        server.Close();
        Shell.WaitFor("the end of the process", () => star.Other.ExitCode is not null);
        Assert.Equal(0, star.Other.ExitCode);
    }

    [Fact]
    public void A_proxy_that_cannot_follow_its_agent_any_more_ends_to_be_started_anew()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        star.Other.Start(SharedEnvironment(star, Path.Combine(star.Folder, new string('z', 120)))); // No socket's name is that long.
        Shell.WaitFor("the end of the process", () => star.Other.ExitCode is not null);
        Assert.Equal(1, star.Other.ExitCode);
        star.Other.WaitForLine("\terror\tproxy\tended, to be started anew, because of the care of the pods");
    }

    [Fact]
    public void A_proxy_that_does_not_reach_its_agent_says_so_and_is_not_ready()
    {
        using var star = new Star();
        if (star.Missing is { } missing) Assert.Skip(missing);
        var path = Path.Combine(star.Folder, "nobody.sock");
        star.Other.Start(SharedEnvironment(star, path));
        star.Other.WaitForLine("\twarn\tpods\tcannot reach the node agent at " + path + ": NotFound");
        Assert.Contains("workload proxy manager", star.Other.Http(15021, "GET /healthz/ready"), StringComparison.Ordinal);
    }

    IReadOnlyList<InpodPod> IInpodAgent.TakeSnapshot() => [];

    void IInpodAgent.OnConnectionsChanged(int live, string? lost) => Volatile.Write(ref _live, live);

    void IInpodAgent.OnSnapshotRefused(string uid, string error)
    {
    }

    private static Dictionary<string, string> SharedEnvironment(Star star, string path)
    {
        var environment = star.EnvironmentOf("client");
        environment["PROXY_MODE"] = "shared";
        environment["INPOD_UDS"] = path;
        return environment;
    }
}
