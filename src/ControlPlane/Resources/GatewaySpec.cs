namespace Mesh.ControlPlane.Resources;

/// <summary>What a gateway asks for.</summary>
internal sealed record GatewaySpec
{
    public string? GatewayClassName { get; init; }
    public IReadOnlyList<GatewayListener>? Listeners { get; init => field = Present.Of(value); }
}
