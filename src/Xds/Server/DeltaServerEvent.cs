using Mesh.Xds.Grpc;

namespace Mesh.Xds.Server;

/// <summary>What a delta server would log or count. A closed set.</summary>
public abstract record DeltaServerEvent
{
    private DeltaServerEvent() { }

    public sealed record StreamStarted(string Node) : DeltaServerEvent;

    public sealed record StreamEnded(string Node, GrpcStatus Status) : DeltaServerEvent;

    public sealed record Pushed(string TypeUrl, int Resources, int Removed, long Bytes) : DeltaServerEvent;

    /// <summary>The time from a change's publication to its acknowledgement by one client.</summary>
    public sealed record Converged(TimeSpan Took) : DeltaServerEvent;

    /// <summary>The client did not understand resources of a push.</summary>
    public sealed record Rejected(string Node, string TypeUrl, string Reason) : DeltaServerEvent;

    public sealed record ExpiredNonce(string TypeUrl) : DeltaServerEvent;
}
