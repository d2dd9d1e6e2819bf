namespace Mesh.ControlPlane.Resources;

/// <summary>Who decides for the action CUSTOM.</summary>
internal sealed record PolicyProvider
{
    public string? Name { get; init; }
}
