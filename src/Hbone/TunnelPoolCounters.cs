namespace Mesh.Hbone;

/// <summary>What a pool did so far.</summary>
public readonly record struct TunnelPoolCounters(long Dials, long DialFailures, long Streams, long WaitersRefused);
