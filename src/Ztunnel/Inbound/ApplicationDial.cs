using System.Runtime.CompilerServices;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Inbound;

/// <summary>How the application is dialled, and from which address. Loop thread only.</summary>
internal static class ApplicationDial
{
    /// <summary>
    /// From the client's own address where the kernel lets us, so that the application sees its real client; where it does not for this
    /// one, from ours: an address in a log is not worth a connection. With keepalive from the start, unless whoever dials sees to it later.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ConnectOutcome> ConnectAsync(PodLane lane, Ip client, IpPort target, bool onLoopback, bool keepAlive)
    {
        var asClient = lane.Pod.PreservesSource && !onLoopback && client != target.Address && client.IsV4 == target.Address.IsV4;
        if (asClient)
        {
            var outcome = await DialAsync(lane, client, target, onLoopback, keepAlive);
            if (outcome.Error is not (Errno.AddressInUse or Errno.AddressNotAvailable or Errno.InvalidArgument)) return outcome;
            lane.Worker.NoteSourceLost(client, target, outcome.Error);
        }

        return await DialAsync(lane, client: null, target, onLoopback, keepAlive);
    }

    private static ValueTask<ConnectOutcome> DialAsync(PodLane lane, Ip? client, IpPort target, bool onLoopback, bool keepAlive)
    {
        var options = lane.Pod.DialOptions with
        {
            BindTo = client is { } source ? InetEndpoint.From(source.ToIPAddress(), 0) : null,
            Transparency = client is null ? Transparency.Off : Transparency.Required,
            KeepAlive = keepAlive ? lane.Pod.DialOptions.KeepAlive : null,
            StaysOnMachine = onLoopback || lane.Pod.Local.Workload?.HasAddress(target.Address) == true, // A pod may route for others.
        };
        return LoopSocket.ConnectAsync(lane.Worker.Loop, target.ToEndpoint(), options, lane.Worker.Context.Options.DialTimeout);
    }
}
