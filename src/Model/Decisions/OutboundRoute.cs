using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>Where an outbound connection goes; a closed set. Pure: chance and load are arguments. <see cref="OutboundRouter"/> decides.</summary>
public abstract record OutboundRoute
{
    private OutboundRoute()
    {
    }

    /// <summary>The service that was addressed, if one was.</summary>
    public MeshService? Service { get; init; }

    /// <summary>How many endpoints there were to choose from; with more than one, another may be tried.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Plain TCP; the workload is known when the mesh knows it. A name must be resolved first.</summary>
    public sealed record Direct(IpPort To, MeshWorkload? Workload = null, string? Name = null) : OutboundRoute;

    /// <summary>One mutual TLS hop.</summary>
    public sealed record Tunnel(TunnelHop Hop) : OutboundRoute;

    /// <summary>To another network: a tunnel to the service inside a tunnel to that network's gateway.</summary>
    public sealed record DoubleTunnel(TunnelHop Outer, MeshWorkload? Target, ImmutableArray<SpiffeId> InnerExpected) : OutboundRoute;

    public sealed record Refused(RefusalReason Why) : OutboundRoute;
}
