using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>Who asks, for the metrics.</summary>
internal readonly record struct DnsAsker(MeshWorkload? Source, bool IsTcp);
