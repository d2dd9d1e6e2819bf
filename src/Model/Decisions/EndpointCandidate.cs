using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>One endpoint that may be chosen, the port it listens on, and who it may prove to be.</summary>
public sealed record EndpointCandidate(MeshWorkload Workload, ushort TargetPort, ImmutableArray<SpiffeId> Expected);
