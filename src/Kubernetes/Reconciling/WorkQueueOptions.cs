namespace Mesh.Kubernetes.Reconciling;

/// <summary>The limits of a work queue.</summary>
public sealed record WorkQueueOptions
{
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(5);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Retries of all keys together, per second, beyond a burst.</summary>
    public double RetriesPerSecond { get; init; } = 10;

    public int RetryBurst { get; init; } = 100;

    /// <summary>Keys that may wait; more are refused, and a resync brings them back.</summary>
    public int Capacity { get; init; } = 1 << 18;
}
