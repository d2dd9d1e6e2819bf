using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>Who asks for an endpoint, for which service port, and what for.</summary>
public readonly record struct EndpointQuery(MeshWorkload Client, ushort Port, EndpointMode Mode);
