using Mesh.Linux.Loops;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Inbound;

/// <summary>Port 15006: plaintext that was meant for the pod's application.</summary>
internal sealed class PassthroughAcceptor(PodLane lane) : ILoopAcceptor
{
    public void OnAccepted(AcceptedSocket accepted)
    {
        var connection = new InboundPassthrough(lane, accepted.AttachTo(lane.Worker.Loop), accepted.Peer);
        _ = connection.RunAsync();
    }
}
