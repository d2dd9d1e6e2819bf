namespace Mesh.Xds.Server;

/// <summary>One stream as the debug pages show it.</summary>
public sealed record DeltaStreamStatus(string Node, DateTimeOffset ConnectedAt, IReadOnlyList<DeltaTypeStatus> Types);
