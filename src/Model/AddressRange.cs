using System.Net;

namespace Mesh.Model;

/// <summary>A CIDR (istio.security.Address): address bytes and prefix length in bits.</summary>
public readonly record struct AddressRange(IPAddress Address, int PrefixLength);
