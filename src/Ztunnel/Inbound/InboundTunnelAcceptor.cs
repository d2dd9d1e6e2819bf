using Mesh.Linux.Loops;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Inbound;

/// <summary>
/// Port 15008: tunnels of other proxies. The kernel picks a worker by chance; a tunnel lives long and one peer may send much through it, so
/// it goes on to the worker that has the fewest.
/// </summary>
internal sealed class InboundTunnelAcceptor(PodLane lane) : ILoopAcceptor
{
    public void OnAccepted(AcceptedSocket accepted)
    {
        var to = lane.Pod.LaneForTunnel(lane);
        to.Worker.InboundTunnels.Increment(); // At once, so that the next one accepted anywhere sees it.
        if (ReferenceEquals(to, lane)) Serve(lane, accepted);
        else to.Worker.Loop.Post(new Handover(to, accepted));
    }

    private static void Serve(PodLane lane, AcceptedSocket accepted)
    {
        LoopSocket socket;
        try
        {
            socket = accepted.AttachTo(lane.Worker.Loop);
        }
        catch
        {
            lane.Worker.InboundTunnels.Decrement();
            throw;
        }

        _ = new InboundTunnel(lane, socket, accepted.Peer).RunAsync(); // From here on it counts itself out.
    }

    /// <summary>An accepted socket on its way to another worker.</summary>
    private sealed class Handover(PodLane to, AcceptedSocket accepted) : ILoopWork
    {
        public void Run()
        {
            if (!to.IsCut && to.Worker.Loop.IsCurrent)
            {
                Serve(to, accepted);
                return;
            }

            to.Worker.InboundTunnels.Decrement();
            accepted.Close(); // The pod left meanwhile, or the proxy ends.
        }
    }
}
