using System.Collections.Immutable;

namespace Mesh.Model;

/// <summary>A workload's part in one service: which of its ports answers for which service port.</summary>
public sealed record WorkloadService(NamespacedHostname Service, ImmutableArray<ServicePort> Ports);
