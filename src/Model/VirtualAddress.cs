using System.Net;

namespace Mesh.Model;

/// <summary>A service address: one IP, or a CIDR when a prefix length is given (istio.workload.NetworkAddress with length).</summary>
public readonly record struct VirtualAddress(string Network, IPAddress Address, int? PrefixLength = null)
{
    public override string ToString() => PrefixLength is { } length ? $"{Network}/{Address}/{length}" : $"{Network}/{Address}";
}
