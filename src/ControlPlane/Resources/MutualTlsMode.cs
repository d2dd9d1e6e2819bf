namespace Mesh.ControlPlane.Resources;

/// <summary>UNSET, DISABLE, PERMISSIVE or STRICT.</summary>
internal sealed record MutualTlsMode
{
    public string? Mode { get; init; }
}
