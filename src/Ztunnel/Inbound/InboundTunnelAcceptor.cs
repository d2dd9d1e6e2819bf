using Mesh.Linux.Loops;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Inbound;

/// <summary>Port 15008: tunnels of other proxies.</summary>
internal sealed class InboundTunnelAcceptor(PodLane lane) : ILoopAcceptor
{
    public void OnAccepted(AcceptedSocket accepted)
    {
        var tunnel = new InboundTunnel(lane, accepted.AttachTo(lane.Worker.Loop), accepted.Peer);
        _ = tunnel.RunAsync();
    }
}
