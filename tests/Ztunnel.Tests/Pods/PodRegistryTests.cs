using System.Net;
using System.Net.Sockets;
using Mesh.Inpod;
using Mesh.Linux.Namespaces;

namespace Mesh.Ztunnel.Tests.Pods;

/// <summary>ZDS as ztunnel answers it: real packets from an agent, real listeners in real namespaces.</summary>
[Trait("Category", "Kernel")]
public sealed class PodRegistryTests
{
    private static readonly InpodOutcome s_portTaken = new(InpodResult.Refused, "cannot listen on port 15001: AddressInUse");

    [Fact]
    public async Task An_acked_pod_can_be_dialled_already_and_a_deleted_one_no_more()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        Assert.Equal(InpodOutcome.Acked, await world.AddAsync("a", inside));
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
        Assert.Equal("a", world.PodsServed);
        Assert.True(world.IsReady);

        Assert.Equal(InpodOutcome.Acked, await world.Agent.DeleteAsync("a"));
        Assert.Equal(0, RegistryWorld.Listeners(inside));
        Assert.Equal(InpodOutcome.Acked, await world.Agent.DeleteAsync("a")); // Who is unknown is gone as well.
        Assert.Equal("", world.PodsServed);
    }

    [Fact]
    public async Task A_pod_that_is_served_is_left_alone_when_it_is_added_again()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        await world.AddAsync("a", inside);
        var served = Assert.Single(world.Registry.Pods);
        Assert.Equal(InpodOutcome.Acked, await world.AddAsync("a", inside));
        Assert.Same(served, Assert.Single(world.Registry.Pods));
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
    }

    [Fact]
    public async Task A_pod_with_a_new_namespace_is_served_there_and_nowhere_else()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var (former, latter) = (world.MakeNamespace(), world.MakeNamespace());
        await world.AddAsync("a", former);
        Assert.Equal(InpodOutcome.Acked, await world.AddAsync("a", latter));
        Assert.Equal((0, RegistryWorld.ListenersPerPod), (RegistryWorld.Listeners(former), RegistryWorld.Listeners(latter)));
        Assert.Equal(latter.Identity, Assert.Single(world.Registry.Pods).Namespace!.Identity);
    }

    [Fact]
    public async Task A_pod_that_cannot_be_served_is_refused_whole_and_served_once_it_can_be()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        using (Occupy(inside, 15001))
        {
            Assert.Equal(s_portTaken, await world.AddAsync("a", inside));
            Assert.Equal(1, RegistryWorld.Listeners(inside)); // The occupant; what was open before it is closed again.
            Assert.Equal("a", Assert.Single(world.Registry.Pending).Uid);
            Assert.False(world.IsReady);
        }

        world.Until("another try", () => world.Registry.Pods.Count == 1);
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
        world.Until("readiness", () => world.IsReady && world.Registry.Pending.Count == 0);
    }

    [Fact]
    public async Task A_pod_that_waits_for_another_try_is_forgotten_when_it_is_deleted()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        using var occupant = Occupy(inside, 15001);
        Assert.Equal(s_portTaken, await world.AddAsync("a", inside));
        Assert.Equal(InpodOutcome.Acked, await world.Agent.DeleteAsync("a"));
        world.Until("readiness", () => world.IsReady && world.Registry.Pending.Count == 0);
    }

    [Fact]
    public async Task A_lost_agent_costs_readiness_and_no_pod_and_its_successor_says_what_stays()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var (kept, named, left) = (world.MakeNamespace(), world.MakeNamespace(), world.MakeNamespace());
        await world.AddAsync("kept", kept);
        await world.AddAsync("named", named);
        await world.AddAsync("left", left);

        await world.StopAgentAsync();
        Assert.Equal("kept left named", world.PodsServed);
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(left));

        world.Snapshot.Add(new InpodPod("kept", RegistryWorld.InfoOf("kept"), Namespace: null));
        world.Snapshot.Add(new InpodPod("named", RegistryWorld.InfoOf("named"), named));
        await world.StartAgentAsync();
        Assert.Equal("kept named", world.PodsServed);
        Assert.Equal(
            (RegistryWorld.ListenersPerPod, RegistryWorld.ListenersPerPod, 0),
            (RegistryWorld.Listeners(kept), RegistryWorld.Listeners(named), RegistryWorld.Listeners(left)));
    }

    [Fact]
    public async Task A_pod_served_after_the_agent_was_lost_does_not_make_the_node_ready()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        using (Occupy(inside, 15001))
        {
            Assert.Equal(s_portTaken, await world.AddAsync("a", inside));
            await world.StopAgentAsync();
        }

        world.Until("another try", () => world.Registry.Pods.Count == 1);
        Assert.False(world.IsReady); // Nobody says what else there is.
    }

    [Fact]
    public async Task A_registry_that_was_told_to_stop_takes_no_more_pods_and_those_it_has_are_served_on()
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var (before, after) = (world.MakeNamespace(), world.MakeNamespace());
        await world.AddAsync("before", before);
        await world.StopRegistryAsync();
        var outcome = await world.Agent.AddAsync("after", RegistryWorld.InfoOf("after"), after, TimeSpan.Zero);
        Assert.True(outcome.Result is InpodResult.NotConnected or InpodResult.Lost, outcome.ToString()); // By when the agent noticed.
        Assert.Equal((RegistryWorld.ListenersPerPod, 0), (RegistryWorld.Listeners(before), RegistryWorld.Listeners(after)));
    }

    [Fact]
    public async Task A_delete_before_the_snapshot_takes_effect_with_it()
    {
        await using var world = await RegistryWorld.StartAsync();
        await using var agent = await ScriptedAgent.StartAsync(world.AgentLoop, world.Path);
        var (inside, refused) = (world.MakeNamespace(), world.MakeNamespace());
        await agent.GreetAsync();
        Assert.Equal("", await agent.AskAsync(InpodRequest.Add("a", RegistryWorld.InfoOf("a")), inside));
        Assert.False(world.IsReady);
        Assert.Equal("", await agent.AskAsync(InpodRequest.Delete("a")));
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
        using (Occupy(refused, 15008))
        {
            Assert.Contains("15008", await agent.AskAsync(InpodRequest.Add("b", RegistryWorld.InfoOf("b")), refused), StringComparison.Ordinal);
            Assert.Equal("", await agent.AskAsync(InpodRequest.Delete("b")));
        }

        Assert.Equal("", await agent.AskAsync(InpodRequest.SnapshotSent));
        Assert.Equal(0, RegistryWorld.Listeners(inside));
        world.Until("readiness", () => world.IsReady);
        Assert.Equal("", world.PodsServed);
    }

    [Theory]
    [InlineData(false, "the snapshot was sent twice")]
    [InlineData(true, "keep came after the snapshot")]
    public async Task A_broken_protocol_is_refused_with_its_reason_and_begun_anew(bool isKeep, string why)
    {
        await using var world = await RegistryWorld.StartAsync();
        await using var agent = await ScriptedAgent.StartAsync(world.AgentLoop, world.Path);
        var inside = world.MakeNamespace();
        await agent.GreetAsync();
        Assert.Equal("", await agent.AskAsync(InpodRequest.Add("a", RegistryWorld.InfoOf("a")), inside));
        Assert.Equal("", await agent.AskAsync(InpodRequest.SnapshotSent));
        world.Until("readiness", () => world.IsReady);

        Assert.Equal(why, await agent.AskAsync(isKeep ? InpodRequest.Keep("a") : InpodRequest.SnapshotSent));
        await agent.GreetAsync();
        Assert.False(world.IsReady);
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
        Assert.Equal("", await agent.AskAsync(InpodRequest.Keep("a")));
        Assert.Equal("", await agent.AskAsync(InpodRequest.SnapshotSent));
        world.Until("readiness again", () => world.IsReady);
        Assert.Equal("a", world.PodsServed);
    }

    private static Socket Occupy(NetworkNamespace inside, int port) => inside.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        socket.Listen(1);
        return socket;
    });
}
