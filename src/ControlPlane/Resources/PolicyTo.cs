namespace Mesh.ControlPlane.Resources;

/// <summary>One operation of a rule.</summary>
internal sealed record PolicyTo
{
    public PolicyOperation? Operation { get; init; }
}
