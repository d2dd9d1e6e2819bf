namespace Mesh.ControlPlane.Resources;

/// <summary>Where a gateway is reached.</summary>
internal sealed record GatewayStatus
{
    public IReadOnlyList<GatewayStatusAddress>? Addresses { get; init => field = Present.Of(value); }
}
