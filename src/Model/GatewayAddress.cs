namespace Mesh.Model;

/// <summary>Where a waypoint or network gateway is reached: exactly one of host name and address is set (istio.workload.GatewayAddress).</summary>
public sealed record GatewayAddress(NamespacedHostname? Hostname, NetworkAddress? Address, ushort HboneMtlsPort);
