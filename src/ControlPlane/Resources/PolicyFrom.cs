namespace Mesh.ControlPlane.Resources;

/// <summary>One source of a rule.</summary>
internal sealed record PolicyFrom
{
    public PolicySource? Source { get; init; }
}
