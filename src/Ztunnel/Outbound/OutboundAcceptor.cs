using Mesh.Linux.Loops;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Outbound;

/// <summary>Port 15001: what the pod's applications dial.</summary>
internal sealed class OutboundAcceptor(PodLane lane) : ILoopAcceptor
{
    public void OnAccepted(AcceptedSocket accepted)
    {
        var connection = new OutboundConnection(lane, accepted.AttachTo(lane.Worker.Loop), accepted.Peer);
        _ = connection.RunAsync();
    }
}
