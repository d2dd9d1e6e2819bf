namespace Mesh.Model.Snapshot;

/// <summary>A service address that is a CIDR.</summary>
internal sealed record VirtualRange(string Network, Ip Address, int PrefixLength, MeshService Service);
