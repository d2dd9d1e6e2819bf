using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Reconciling;

/// <summary>
/// What one candidate knows of a lease. Only the own clock counts: a lease has run out when it stayed the same for its whole
/// duration since we first saw it so, whatever time its holder wrote into it. One owner.
/// </summary>
internal sealed class LeaseView(string holder, TimeProvider time)
{
    private string _seenVersion = "";
    private long _seenAt;

    public LeaseStanding Judge(Lease lease)
    {
        if (lease.Metadata.ResourceVersion != _seenVersion)
        {
            _seenVersion = lease.Metadata.ResourceVersion;
            _seenAt = time.GetTimestamp();
        }

        if (string.IsNullOrEmpty(lease.Spec.HolderIdentity)) return LeaseStanding.Free;
        if (lease.Spec.HolderIdentity == holder) return LeaseStanding.Mine;
        var duration = TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? 0);
        return time.GetElapsedTime(_seenAt) >= duration ? LeaseStanding.RunOut : LeaseStanding.Held;
    }
}
