using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>Where an inbound tunnel leads; a closed set. <see cref="InboundRouter"/> decides.</summary>
public abstract record InboundRoute
{
    private InboundRoute()
    {
    }

    /// <summary>To the application: policy is asked about <paramref name="Target"/> first.</summary>
    /// <param name="Target">Own address and final port.</param>
    /// <param name="Service">The service the client addressed, as a label.</param>
    /// <param name="Announced">Destination to write into a PROXY header, for an application that may be dialled on the loopback; null without one.</param>
    public sealed record Forward(IpPort Target, MeshService? Service, IpPort? Announced) : InboundRoute;

    public sealed record Refused(InboundRefusal Why) : InboundRoute;
}
