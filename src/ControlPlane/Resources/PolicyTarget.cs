namespace Mesh.ControlPlane.Resources;

/// <summary>What a policy is attached to instead of workloads.</summary>
internal sealed record PolicyTarget
{
    public string? Group { get; init; }
    public string? Kind { get; init; }
    public string? Name { get; init; }
}
