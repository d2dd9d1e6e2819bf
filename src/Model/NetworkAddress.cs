using System.Net;

namespace Mesh.Model;

/// <summary>An address on a named network; the default network is the empty string (istio.workload.NetworkAddress).</summary>
public readonly record struct NetworkAddress(string Network, IPAddress Address)
{
    public override string ToString() => $"{Network}/{Address}";
}
