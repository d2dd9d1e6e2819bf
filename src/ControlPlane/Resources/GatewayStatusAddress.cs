namespace Mesh.ControlPlane.Resources;

/// <summary>One address: IPAddress (when absent) or Hostname.</summary>
internal sealed record GatewayStatusAddress
{
    public string? Type { get; init; }
    public string? Value { get; init; }
}
