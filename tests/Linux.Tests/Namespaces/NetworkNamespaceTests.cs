using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Tests.Namespaces;

[Trait("Category", "Kernel")]
public sealed class NetworkNamespaceTests
{
    [Fact]
    public void Work_inside_sees_the_other_namespace_and_the_caller_stays_where_it_was()
    {
        using var inside = CreateOrSkip();
        var before = NetworkNamespace.Open("/proc/thread-self/ns/net").Identity;
        var seen = inside.Run(() => NetworkNamespace.Open("/proc/thread-self/ns/net").Identity);
        Assert.Equal(inside.Identity, seen);
        Assert.NotEqual(before, seen);
        Assert.Equal(before, NetworkNamespace.Open("/proc/thread-self/ns/net").Identity);
        Assert.Equal(["lo"], inside.Run(() => Directory.GetDirectories("/sys/class/net").Length > 0
            ? File.ReadAllLines("/proc/thread-self/net/dev").Skip(2).Select(l => l.Split(':')[0].Trim()).ToArray() : []));
    }

    [Fact]
    public void An_exception_inside_reaches_the_caller()
    {
        using var inside = CreateOrSkip();
        Assert.Throws<InvalidDataException>(() => inside.Run(() => throw new InvalidDataException()));
    }

    [Fact]
    public void What_is_not_a_network_namespace_is_refused()
    {
        Assert.Equal(Errno.InvalidArgument, NetworkNamespace.TryOpen("/proc/self/ns/mnt", out _));
        Assert.Equal(Errno.InvalidArgument, NetworkNamespace.TryOpen("/dev/null", out _));
        Assert.Equal(Errno.NotFound, NetworkNamespace.TryOpen("/proc/self/ns/no-such", out _));
    }

    [Fact]
    public async Task Sockets_of_one_loop_live_in_the_namespace_they_were_made_for()
    {
        using var inside = CreateOrSkip();
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            var options = new SocketOptions { Namespace = inside, Mark = 0x539, Transparency = Transparency.Required };
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.AnyV6(15001), options, acceptor, out _));
            // The new namespace's loopback is down: a dial there cannot leave, one from here finds no listener.
            var there = await LoopSocket.ConnectAsync(test.Loop, InetEndpoint.LoopbackV4(15001), options, TimeSpan.FromSeconds(1));
            Assert.Equal(Errno.NetworkUnreachable, there.Error);
            var here = await LoopSocket.ConnectAsync(test.Loop, InetEndpoint.LoopbackV4(15001), new SocketOptions(), TimeSpan.FromSeconds(1));
            Assert.Equal(Errno.ConnectionRefused, here.Error);
        });
    }

    [Fact]
    public async Task A_disposed_namespace_makes_no_socket_though_its_number_means_another_one_by_now()
    {
        using var other = CreateOrSkip();
        var gone = CreateOrSkip();
        var number = gone.Descriptor.Number;
        gone.Dispose();
        var copies = new List<NetworkNamespace>();
        do
        {
            copies.Add(other.Duplicate()); // The lowest number that is free.
        }
        while (copies[^1].Descriptor.Number < number);

        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var outcome = await LoopSocket.ConnectAsync(
                test.Loop, InetEndpoint.LoopbackV4(15001), new SocketOptions { Namespace = gone }, TimeSpan.FromSeconds(1));
            Assert.Equal(Errno.BadDescriptor, outcome.Error);
        });
        Assert.Equal(Errno.BadDescriptor, Assert.Throws<LinuxException>(() => gone.Run(static () => { })).Error);
        Assert.Equal(-1, gone.Descriptor.Number);
        foreach (var copy in copies) copy.Dispose();
    }

    [Fact]
    public void Whoever_may_make_namespaces_may_enter_them() => CreateOrSkip().Run(static () => Assert.Equal(Errno.None, NetworkNamespace.TryReenterOwn()));

    [Fact]
    public async Task An_address_that_is_dialled_from_may_use_each_port_once_for_every_destination()
    {
        using var inside = CreateOrSkip();
        inside.Run(static () =>
        {
            using var up = System.Diagnostics.Process.Start("ip", "link set lo up");
            up.WaitForExit();
            File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", "40000 40001");
        });
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            var options = new SocketOptions { Namespace = inside };
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.AnyV4(80), options, acceptor, out _));
            var from = options with { BindTo = At("127.0.0.2", 0), Transparency = Transparency.Required };
            foreach (var destination in (string[])["127.0.0.3", "127.0.0.3", "127.0.0.4", "127.0.0.4"])
            {
                var dialled = await LoopSocket.ConnectAsync(test.Loop, At(destination, 80), from, TimeSpan.FromSeconds(5));
                Assert.Equal(Errno.None, dialled.Error);
                Assert.Equal("127.0.0.2", dialled.Socket!.LocalAddress.ToIPEndPoint().Address.ToString());
            }

            Assert.Equal(Errno.AddressNotAvailable, (await LoopSocket.ConnectAsync(test.Loop, At("127.0.0.3", 80), from, TimeSpan.FromSeconds(5))).Error);
        });

        static InetEndpoint At(string address, ushort port) => InetEndpoint.From(System.Net.IPAddress.Parse(address), port);
    }

    private static NetworkNamespace CreateOrSkip()
    {
        try
        {
            return NetworkNamespace.CreateNew();
        }
        catch (LinuxException e) when (e.Error == Errno.NotPermitted)
        {
            Assert.Skip("needs CAP_SYS_ADMIN to create network namespaces");
            throw;
        }
    }
}
