using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Tests.Loops;

/// <summary>
/// Alone: a program that another test starts holds, between fork and exec, a copy of every descriptor, and with it a closed listener's
/// place at the port. What the kernel hands to that place is reset.
/// </summary>
[CollectionDefinition(nameof(SharedPortTests), DisableParallelization = true)]
[Collection(nameof(SharedPortTests))]
public sealed class SharedPortTests
{
    private static readonly SocketOptions Options = new();

    [Fact]
    public async Task Two_listeners_share_a_port_and_the_rest_serves_when_one_closes()
    {
        await using var test = new TestLoop();
        await test.RunAsync(async () =>
        {
            var acceptor = new TestAcceptor(test.Loop);
            var shared = Options with { ReusePort = true };
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, InetEndpoint.LoopbackV4(0), shared, acceptor, out var first));
            var at = first!.LocalAddress;
            Assert.Equal(Errno.None, LoopListener.TryListen(test.Loop, at, shared, acceptor, out var second));
            Assert.Equal(Errno.AddressInUse, LoopListener.TryListen(test.Loop, at, Options, acceptor, out _));
            first.Dispose();
            for (var i = 0; i < 100; i++)
            {
                var outcome = await LoopSocket.ConnectAsync(test.Loop, at, Options, TimeSpan.FromSeconds(5));
                Assert.Equal(Errno.None, outcome.Error);
                outcome.Socket!.Dispose();
                (await acceptor.NextAsync()).Dispose();
            }

            Assert.Equal(100, second!.Accepted);
        });
    }
}
