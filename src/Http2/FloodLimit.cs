namespace Mesh.Http2;

/// <summary>How many events of a kind a peer may cause at once, and how many per second for ever.</summary>
public readonly record struct FloodLimit(int Burst, int PerSecond);
