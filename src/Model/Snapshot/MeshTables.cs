using System.Collections.Immutable;
using Mesh.Model.Policy;

namespace Mesh.Model.Snapshot;

/// <summary>The frozen parts a snapshot is made of.</summary>
internal sealed record MeshTables
{
    public required PersistentTable<MeshWorkload> ByUid { get; init; }

    public required PersistentTable<MeshWorkload> ByAddress { get; init; }

    public required PersistentTable<MeshWorkload> ByName { get; init; }

    public required PersistentTable<MeshWorkload> ByHostname { get; init; }

    public required PersistentTable<MeshService> Services { get; init; }

    public required PersistentTable<MeshService> ServicesByHostname { get; init; }

    public required PersistentTable<MeshService> ServicesByAddress { get; init; }

    public required ImmutableArray<VirtualRange> Ranges { get; init; }

    public required PolicyIndex Policies { get; init; }

    public required long Version { get; init; }
}
