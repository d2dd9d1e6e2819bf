namespace Mesh.ControlPlane.Resources;

/// <summary>A port of a service entry.</summary>
internal sealed record ServiceEntryPort
{
    public int Number { get; init; }
    public string? Protocol { get; init; }
    public string? Name { get; init; }
    public int TargetPort { get; init; }
}
