namespace Mesh.ControlPlane.Resources;

/// <summary>Addresses that were allocated to a service entry.</summary>
internal sealed record ServiceEntryStatus
{
    public IReadOnlyList<ServiceEntryAddress>? Addresses { get; init => field = Present.Of(value); }
}
