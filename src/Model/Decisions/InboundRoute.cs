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
    /// <param name="Announced">Destination to write into a PROXY header; null without one.</param>
    /// <param name="HasApplicationTunnel">An application tunnel takes the connection, on the loopback if so configured.</param>
    public sealed record Forward(IpPort Target, MeshService? Service, IpPort? Announced, bool HasApplicationTunnel) : InboundRoute;

    public sealed record Refused(InboundRefusal Why) : InboundRoute;
}
