using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>Chooses workloads by labels; the policy API calls them matchLabels, the network API labels.</summary>
internal sealed record WorkloadSelector
{
    public StringMap? MatchLabels { get; init; }
    public StringMap? Labels { get; init; }

    /// <summary>The labels that must be there; an empty selector selects nothing.</summary>
    public StringMap Wanted() => MatchLabels ?? Labels ?? StringMap.Empty;
}
