namespace Mesh.Kubernetes.Reconciling;

/// <summary>The times of a leader lease; retry &lt; renew deadline &lt; duration.</summary>
public sealed record LeaderLeaseOptions
{
    /// <summary>Others wait this long after the last renewal they saw.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that could not renew for so long stops leading, well before others may begin.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);
}
