namespace Mesh.Operator.Api;

/// <summary>The control plane's Deployment.</summary>
internal sealed record ControlPlaneSpec : PodSettings
{
    /// <summary>Null means what the profile says.</summary>
    public int? Replicas { get; init; }
}
