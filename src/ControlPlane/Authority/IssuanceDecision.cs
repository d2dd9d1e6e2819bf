using Mesh.Identity;

namespace Mesh.ControlPlane.Authority;

/// <summary>An identity to certify, or a short cause (for metrics) and a reason (for the log).</summary>
internal sealed record IssuanceDecision(SpiffeId? Id, string Cause, string Reason)
{
    public static IssuanceDecision Granted(SpiffeId id) => new(id, "", "");
}
