using System.Net;
using Mesh.Cni.Redirect;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Nftables;
using Mesh.Linux.Sockets;

namespace Mesh.Cni.Tests.Redirect;

[Trait("Category", "Kernel")]
public sealed class PodRedirectTests
{
    private static readonly RedirectSettings Settings = new();

    public static TheoryData<bool> Families => new(false, true);

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Outbound_connections_reach_ztunnel_with_the_address_that_was_dialled(bool v6)
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Node, 9000, "server");
            Assert.Equal($"server sees {Pod(v6)}", await world.AskAsync(world.Pod, Node(v6), 9000));
            Assert.Equal([$"15001 to {InetEndpoint.From(Node(v6), 9000)}"], stub.Seen);
        });
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Inbound_plaintext_passes_ztunnel_and_the_application_sees_the_client(bool v6)
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            Assert.Equal($"app sees {Node(v6)}", await world.AskAsync(world.Node, Pod(v6), 8080));
            Assert.Equal([$"15006 to {InetEndpoint.From(Pod(v6), 8080)}"], stub.Seen);
        });
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task The_tunnel_port_is_reached_directly_and_delivery_keeps_the_client_address(bool v6)
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            Assert.Equal($"app sees {Node(v6)}", await world.AskAsync(world.Node, Pod(v6), 15008));
            Assert.Equal([$"15008 to {InetEndpoint.From(Pod(v6), 15008)}"], stub.Seen);
        });
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task A_probe_of_kubelet_goes_straight_to_the_application_and_others_of_the_node_do_not(bool v6)
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            world.Node.Run(() => Ruleset.Apply(ProbeRules.Render([PodWorld.PodV4, PodWorld.PodV6], kubeletUser: 0, Settings)));
            Assert.Equal($"app sees {(v6 ? Settings.ProbeV6 : Settings.ProbeV4)}", await world.AskAsync(world.Node, Pod(v6), 8080));
            Assert.Empty(stub.Seen);

            world.Node.Run(() => Ruleset.Apply(ProbeRules.Render([PodWorld.PodV4, PodWorld.PodV6], kubeletUser: 4711, Settings)));
            Assert.Equal($"app sees {Node(v6)}", await world.AskAsync(world.Node, Pod(v6), 8080));
            Assert.Single(stub.Seen);

            world.Node.Run(() => Ruleset.Apply(ProbeRules.Render([], kubeletUser: 0, Settings)));
            Assert.Equal($"app sees {Node(v6)}", await world.AskAsync(world.Node, Pod(v6), 8080));
        });
    }

    [Theory]
    [InlineData("10.77.0.2")]
    [InlineData("fd77::2")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("::1")]
    public async Task An_application_that_calls_itself_is_left_alone(string address)
    {
        await using var world = await EnrolledAsync(Settings with { CapturesDns = true });
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            Assert.StartsWith("app sees", await world.AskAsync(world.Pod, IPAddress.Parse(address), 8080), StringComparison.Ordinal);
            Assert.Empty(stub.Seen);
        });
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Questions_to_a_name_server_go_to_ztunnel_only_when_asked_for(bool v6)
    {
        await using var world = await EnrolledAsync(Settings with { CapturesDns = true });
        await world.RunAsync(async () =>
        {
            var unmarked = new SocketOptions { Namespace = world.Pod };
            var any = v6 ? InetEndpoint.AnyV6(15053) : InetEndpoint.AnyV4(15053);
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(world.Loop, any, unmarked with { Mark = 0x539 }, out var proxy));
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(
                world.Loop, InetEndpoint.From(Node(v6), 53), new SocketOptions { Namespace = world.Node }, out var server));
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(world.Loop, any.WithPort(5555), unmarked, out var client));
            var dns = InetEndpoint.From(Node(v6), 53);

            client!.TrySendTo("ask"u8, dns);
            Assert.Equal("ask", (await TakeAsync(world, proxy!)).Text);

            // ztunnel's own question, from the very port the application used, comes and goes untouched.
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(
                world.Loop, any.WithPort(5556), unmarked with { Mark = 0x539 }, out var upstream));
            upstream!.TrySendTo("forward"u8, dns);
            var (text, from) = await TakeAsync(world, server!);
            Assert.Equal("forward", text);
            server!.TrySendTo("answer"u8, from);
            Assert.Equal("answer", (await TakeAsync(world, upstream)).Text);

            await PodRedirect.EnsureAsync(world.Pod, Settings);
            Assert.Equal(Errno.None, LoopDatagramSocket.TryBind(world.Loop, any.WithPort(5557), unmarked, out var later));
            later!.TrySendTo("direct"u8, dns);
            Assert.Equal("direct", (await TakeAsync(world, server)).Text);
        });
    }

    [Fact]
    public async Task With_inbound_bypassed_plaintext_is_direct_and_the_tunnel_still_works()
    {
        await using var world = await EnrolledAsync(Settings with { BypassesInbound = true });
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            Assert.Equal($"app sees {PodWorld.NodeV4}", await world.AskAsync(world.Node, PodWorld.PodV4, 8080));
            Assert.Empty(stub.Seen);
            Assert.Equal($"app sees {PodWorld.NodeV4}", await world.AskAsync(world.Node, PodWorld.PodV4, 15008));
            Assert.Single(stub.Seen);
        });
    }

    [Fact]
    public async Task Traffic_from_a_virtual_interface_is_the_pods_outbound()
    {
        await using var world = await EnrolledAsync(Settings with { VirtualInterfaces = ["eth0"] });
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            world.Listen(world.Pod, 8080, "app");
            await world.AskAsync(world.Node, PodWorld.PodV4, 8080);
            Assert.Equal($"15001 to {PodWorld.PodV4}:8080", stub.Seen[0]);
        });
    }

    [Fact]
    public async Task Connections_live_through_enrolling_when_graceful_in_both_directions()
    {
        await using var world = PodWorld.CreateOrSkip();
        await world.RunAsync(async () =>
        {
            world.Listen(world.Pod, 8080, "app");
            world.Listen(world.Node, 9000, "server");
            var inbound = (await world.DialAsync(world.Node, PodWorld.PodV4, 8080)).Socket!;
            var outbound = (await world.DialAsync(world.Pod, PodWorld.NodeV4, 9000)).Socket!;
            Assert.StartsWith("app", await PodWorld.AskOnAsync(inbound), StringComparison.Ordinal);
            Assert.StartsWith("server", await PodWorld.AskOnAsync(outbound), StringComparison.Ordinal);

            await PodRedirect.EnsureAsync(world.Pod, Settings);
            var stub = new StubZtunnel(world);
            Assert.StartsWith("app", await PodWorld.AskOnAsync(inbound), StringComparison.Ordinal);
            Assert.StartsWith("server", await PodWorld.AskOnAsync(outbound), StringComparison.Ordinal);
            Assert.Empty(stub.Seen);
            await world.AskAsync(world.Pod, PodWorld.NodeV4, 9000);
            Assert.Single(stub.Seen); // New ones are captured at once.

            await PodRedirect.RemoveAsync(world.Pod);
            Assert.StartsWith("app", await PodWorld.AskOnAsync(inbound), StringComparison.Ordinal);
            Assert.StartsWith("server", await PodWorld.AskOnAsync(outbound), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Strict_rules_cut_connections_that_are_older_than_they()
    {
        await using var world = PodWorld.CreateOrSkip();
        await world.RunAsync(async () =>
        {
            world.Listen(world.Node, 9000, "server");
            var outbound = (await world.DialAsync(world.Pod, PodWorld.NodeV4, 9000)).Socket!;
            Assert.StartsWith("server", await PodWorld.AskOnAsync(outbound), StringComparison.Ordinal);
            await PodRedirect.EnsureAsync(world.Pod, Settings with { IsGraceful = false });
            Assert.Equal("ConnectionReset", await PodWorld.AskOnAsync(outbound));
        });
    }

    [Fact]
    public async Task A_closed_port_of_the_application_answers_refused_and_not_silence()
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            var stub = new StubZtunnel(world);
            await world.AskAsync(world.Node, PodWorld.PodV4, 8099);
            Assert.Equal([$"15006 to {PodWorld.PodV4}:8099", "15006 failed: ConnectionRefused"], stub.Seen);
        });
    }

    [Fact]
    public async Task Large_transfers_pass_whole_through_both_redirections()
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            _ = new StubZtunnel(world);
            var acceptor = new Counting(world.Loop);
            Assert.Equal(Errno.None, LoopListener.TryListen(
                world.Loop, InetEndpoint.AnyV6(9000), new SocketOptions { Namespace = world.Node }, acceptor, out _));
            var socket = (await world.DialAsync(world.Pod, PodWorld.NodeV4, 9000)).Socket!;
            var data = new byte[20_000_000];
            for (var sent = 0; sent < data.Length;)
            {
                var error = socket.TrySend(data.AsSpan(sent), out var part);
                sent += part;
                if (error == Errno.WouldBlock) await socket.WritableAsync();
            }

            socket.ShutdownSend();
            Assert.Equal(data.Length, await acceptor.Total.WaitAsync(TimeSpan.FromSeconds(20)));
        });
    }

    [Fact]
    public async Task Rules_are_written_once_and_mended_when_somebody_changes_them()
    {
        await using var world = PodWorld.CreateOrSkip();
        Assert.True(await PodRedirect.EnsureAsync(world.Pod, Settings));
        Assert.False(await PodRedirect.EnsureAsync(world.Pod, Settings));
        Assert.True(await PodRedirect.IsIntactAsync(world.Pod, Settings));
        foreach (var damage in new[] { "flush table inet mesh-redirect", "delete table inet mesh-redirect", "flush chain inet mesh-redirect nat-output" })
        {
            world.Pod.Run(() => PodWorld.Command("nft", damage));
            Assert.False(await PodRedirect.IsIntactAsync(world.Pod, Settings));
            Assert.True(await PodRedirect.EnsureAsync(world.Pod, Settings));
            Assert.True(await PodRedirect.IsIntactAsync(world.Pod, Settings));
        }

        world.Pod.Run(() => PodWorld.Command("ip", "rule del pref 32764"));
        Assert.False(await PodRedirect.IsIntactAsync(world.Pod, Settings));
        await PodRedirect.EnsureAsync(world.Pod, Settings);
        Assert.True(await PodRedirect.IsIntactAsync(world.Pod, Settings));
        Assert.True(await PodRedirect.EnsureAsync(world.Pod, Settings with { CapturesDns = true })); // Another intent.
    }

    [Fact]
    public async Task A_namespace_whose_loopback_is_still_down_can_be_enrolled()
    {
        await using var world = PodWorld.CreateOrSkip();
        world.Pod.Run(() => PodWorld.Command("ip", "link set lo down"));
        Assert.True(await PodRedirect.EnsureAsync(world.Pod, Settings));
        Assert.True(await PodRedirect.IsIntactAsync(world.Pod, Settings));
    }

    [Fact]
    public async Task Rules_of_others_survive_ours()
    {
        await using var world = PodWorld.CreateOrSkip();
        world.Pod.Run(() => PodWorld.Command("nft", "add table inet docker"));
        await PodRedirect.EnsureAsync(world.Pod, Settings);
        await PodRedirect.RemoveAsync(world.Pod);
        Assert.Equal("table inet docker {}", string.Concat(world.Pod.Run(() => PodWorld.Command("nft", "list ruleset")).Split('\n')).Trim());
    }

    [Fact]
    public async Task Removing_leaves_nothing_and_may_be_repeated_with_parts_already_missing()
    {
        await using var world = PodWorld.CreateOrSkip();
        var before = StateOf(world);
        await PodRedirect.EnsureAsync(world.Pod, Settings with { CapturesDns = true });
        Assert.NotEqual(before, StateOf(world));
        world.Pod.Run(() => PodWorld.Command("ip", "rule del pref 32764"));
        await PodRedirect.RemoveAsync(world.Pod);
        await PodRedirect.RemoveAsync(world.Pod);
        Assert.Equal(before, StateOf(world));
    }

    [Fact]
    public async Task New_connections_never_fail_while_rules_are_replaced()
    {
        await using var world = await EnrolledAsync(Settings);
        await world.RunAsync(async () =>
        {
            _ = new StubZtunnel(world);
            world.Listen(world.Node, 9000, "server");
            using var stop = new CancellationTokenSource();
            var replacing = Task.Run(async () =>
            {
                for (var dns = false; !stop.IsCancellationRequested; dns = !dns) await PodRedirect.EnsureAsync(world.Pod, Settings with { CapturesDns = dns });
            });
            for (var i = 0; i < 200; i++) Assert.StartsWith("server", await world.AskAsync(world.Pod, PodWorld.NodeV4, 9000), StringComparison.Ordinal);
            await stop.CancelAsync();
            await replacing;
        });
    }

    private static IPAddress Node(bool v6) => v6 ? PodWorld.NodeV6 : PodWorld.NodeV4;

    private static IPAddress Pod(bool v6) => v6 ? PodWorld.PodV6 : PodWorld.PodV4;

    private static async Task<PodWorld> EnrolledAsync(RedirectSettings settings)
    {
        var world = PodWorld.CreateOrSkip();
        await PodRedirect.EnsureAsync(world.Pod, settings);
        return world;
    }

    private static string StateOf(PodWorld world) => world.Pod.Run(() =>
        PodWorld.Command("nft", "list ruleset") + PodWorld.Command("ip", "rule") + PodWorld.Command("ip", "-6 rule")
        + PodWorld.Command("ip", "route show table 100", tolerate: true) + PodWorld.Command("ip", "-6 route show table 100", tolerate: true));

    private static async Task<(string Text, InetEndpoint From)> TakeAsync(PodWorld world, LoopDatagramSocket socket)
    {
        var buffer = new byte[64];
        for (var i = 0; i < 200; i++)
        {
            if (socket.TryReceiveFrom(buffer, out var received, out var from) == Errno.None)
            {
                return (System.Text.Encoding.UTF8.GetString(buffer, 0, received), from);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), world.Loop.Time);
        }

        return ("silence", default);
    }

    private sealed class Counting(EventLoop loop) : ILoopAcceptor
    {
        private readonly TaskCompletionSource<long> _total = new();

        public Task<long> Total => _total.Task;

        public void OnAccepted(AcceptedSocket accepted) => _ = CountAsync(accepted.AttachTo(loop));

        private async Task CountAsync(LoopSocket socket)
        {
            var buffer = new byte[64 * 1024];
            long total = 0;
            while (true)
            {
                var error = socket.TryReceive(buffer, out var received);
                if (error == Errno.WouldBlock) await socket.ReadableAsync();
                else if (received == 0) break;
                else total += received;
            }

            _total.SetResult(total);
        }
    }
}
