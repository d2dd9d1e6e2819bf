using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Ztunnel.Outbound;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Socks;

/// <summary>
/// Port 15080: an application says itself where it wants to go; from then on it is an outbound connection like any other. One per lane; loop
/// thread only.
/// </summary>
internal sealed class SocksAcceptor(PodLane lane) : ILoopAcceptor
{
    /// <summary>Clients that have not said yet where to.</summary>
    private const int OpeningMax = 1024;
    private static readonly TimeSpan OpeningTimeout = TimeSpan.FromSeconds(10);
    private readonly HashSet<LoopSocket> _opening = [];

    public void OnAccepted(AcceptedSocket accepted)
    {
        if (_opening.Count >= OpeningMax) accepted.Close();
        else _ = ServeAsync(accepted.AttachTo(lane.Worker.Loop), accepted.Peer);
    }

    /// <summary>Clients that are still opening are cut; later they are connections of their own.</summary>
    public void Cut()
    {
        foreach (var socket in new List<LoopSocket>(_opening)) socket.Dispose();
    }

    private async Task ServeAsync(LoopSocket client, InetEndpoint peer)
    {
        try
        {
            _opening.Add(client);
            var target = await OpenAsync(client, peer);
            _opening.Remove(client);
            if (target is { } asked && !client.IsDisposed)
            {
                // As when traffic is captured: the application's connect succeeds, and a failure later is a closed connection.
                Reply(client, SocksReply.Succeeded);
                var connection = new OutboundConnection(lane, client, peer, asked);
                await connection.RunAsync();
                return;
            }
        }
        catch (Exception fault)
        {
            _opening.Remove(client);
            lane.Worker.Context.Log.Scope("socks").LogError(fault, "a SOCKS connection failed by a fault of the proxy");
            if (!client.IsDisposed) Reply(client, SocksReply.Failure);
        }

        client.Dispose();
    }

    /// <summary>Greeting, request, name; null when the client was told no, or is gone.</summary>
    private async ValueTask<IpPort?> OpenAsync(LoopSocket client, InetEndpoint peer)
    {
        var loop = lane.Worker.Loop;
        var deadline = loop.NowMilliseconds + (long)OpeningTimeout.TotalMilliseconds;
        var buffer = new byte[SocksMessage.BytesMax];
        if (!await ReadAsync(client, buffer, static bytes => (SocksMessage.TryReadGreeting(bytes, out var length), length), deadline)) return null;
        client.TrySend([5, 0], out _); // A fresh socket takes two bytes.
        if (!await ReadAsync(client, buffer, static bytes => (SocksMessage.TryReadRequest(bytes, out _, out var length), length), deadline)) return null;
        SocksMessage.TryReadRequest(buffer, out var target, out _);
        if (target.Address is { } address) return new IpPort(address, target.Port);

        // Names are what the pod's own DNS would say; without it there is nobody to ask.
        var found = lane.Pod.Dns is { } dns ? await dns.ResolveAsync(target.Hostname, wantsV4: !peer.IsV6) : null;
        if (found is { } ip) return new IpPort(ip, target.Port);
        return Refuse(client, peer, SocksReply.HostUnreachable, $"{target.Hostname} has no address");
    }

    /// <summary>Reads one message and not a byte more; false when the client was told no, or is gone.</summary>
    private async ValueTask<bool> ReadAsync(LoopSocket client, byte[] buffer, Func<ReadOnlySpan<byte>, (SocksRead Outcome, int Length)> read, long deadline)
    {
        for (var have = 0; ;)
        {
            var (outcome, length) = read(buffer.AsSpan(0, have));
            if (outcome == SocksRead.Complete) return true;
            if (outcome == SocksRead.Violation)
            {
                Refuse(client, client.PeerAddress, SocksReply.NotSupported, "not a SOCKS5 CONNECT without authentication");
                return false;
            }

            var error = client.TryReceive(buffer.AsSpan(have, length - have), out var received);
            if (error == Errno.None && received == 0) return false;
            have += received;
            if (error == Errno.None) continue;
            if (error != Errno.WouldBlock) return false;
            var left = deadline - lane.Worker.Loop.NowMilliseconds;
            if (left <= 0 || await client.ReadableAsync(TimeSpan.FromMilliseconds(left)) != WaitOutcome.Ready) return false;
        }
    }

    private IpPort? Refuse(LoopSocket client, InetEndpoint peer, SocksReply reply, string why)
    {
        Reply(client, reply);
        var context = lane.Worker.Context;
        context.Metrics.CountRefused(Model.Decisions.MeshPorts.Socks, reply.ToString());
        context.AccessLog.Failed(peer.ToIpPort(), client.LocalAddress.ToIpPort(), Observe.Direction.Outbound, why);
        return null;
    }

    private static void Reply(LoopSocket client, SocksReply reply)
    {
        Span<byte> bytes = stackalloc byte[SocksMessage.ReplyBytes];
        SocksMessage.WriteReply(bytes, reply);
        client.TrySend(bytes, out _);
    }
}
