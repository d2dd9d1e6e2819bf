using Mesh.Xds.Grpc;

namespace Mesh.Xds.Client;

/// <summary>What a client of the control plane would log or count. A closed set.</summary>
public abstract record DeltaClientEvent
{
    private DeltaClientEvent() { }

    /// <summary>The server answered with its first push of the stream.</summary>
    public sealed record Connected : DeltaClientEvent;

    /// <summary>A stream is over; the next one starts after the delay. Routine ends (the server recycles streams) need no warning.</summary>
    public sealed record StreamEnded(GrpcStatus Status, TimeSpan RetryAfter, StreamEndReason Reason) : DeltaClientEvent
    {
        public bool Routine => IsRoutine(Reason);

        internal static bool IsRoutine(StreamEndReason reason) => reason is StreamEndReason.Complete or StreamEndReason.Reconnect;
    }

    /// <summary>Our side failed while it applied a batch: a bug. What the batch held is asked for again on the next stream.</summary>
    public sealed record Faulted(Exception Fault) : DeltaClientEvent;

    /// <summary>A resource was not understood; the rest of its push was applied.</summary>
    public sealed record ResourceRejected(string TypeUrl, string Name, string Reason) : DeltaClientEvent;

    /// <summary>A push of so many bytes was applied, and acknowledged unless some of its resources were rejected.</summary>
    public sealed record PushApplied(string TypeUrl, int Bytes, int Resources, int Removed, int Rejected) : DeltaClientEvent;
}
