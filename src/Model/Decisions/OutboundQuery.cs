using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>A connection that a workload wants to open.</summary>
public readonly record struct OutboundQuery(MeshWorkload Source, Ip SourceAddress, IpPort Destination, bool SocksEnabled = false);
