namespace Mesh.Linux.Sockets;

/// <summary>TCP keepalive: idle time before the first probe, time between probes, probes before giving up.</summary>
public readonly record struct KeepAlive(TimeSpan Idle, TimeSpan Interval, int Probes);
