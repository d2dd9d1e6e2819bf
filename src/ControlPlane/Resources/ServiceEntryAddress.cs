namespace Mesh.ControlPlane.Resources;

/// <summary>An allocated address of one host.</summary>
internal sealed record ServiceEntryAddress
{
    public string? Value { get; init; }
    public string? Host { get; init; }
}
