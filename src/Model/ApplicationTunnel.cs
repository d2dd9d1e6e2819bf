namespace Mesh.Model;

/// <summary>How and where the inner connection is handed to a workload that wants the original destination; port 0 keeps the destination port.</summary>
public sealed record ApplicationTunnel(ApplicationTunnelProtocol Protocol, ushort Port);
