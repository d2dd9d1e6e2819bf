namespace Mesh.ControlPlane.Resources;

/// <summary>A port of a gateway.</summary>
internal sealed record GatewayListener
{
    public string? Name { get; init; }
    public int Port { get; init; }
    public string? Protocol { get; init; }
    public AllowedRoutes? AllowedRoutes { get; init; }
}
