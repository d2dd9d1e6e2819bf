using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Observe;

/// <summary>Everything that the labels of a connection are made of; two connections with equal keys share their series.</summary>
internal readonly record struct SeriesKey(
    Direction Reporter, MeshWorkload? Source, MeshWorkload? Destination, MeshService? Service, SpiffeId? SourceIdentity, bool IsMutualTls,
    Baggage? SourceTold = null);
