using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>A CONNECT that arrived at a workload, and the address it arrived at.</summary>
/// <param name="Local">The workload whose namespace accepted it.</param>
/// <param name="LocalAddress">The address that was dialled.</param>
/// <param name="Authority">The destination asked for, as text.</param>
/// <param name="ForwardedHost">The service the client says it addressed; only a label.</param>
/// <param name="SocksEnabled">The SOCKS port is ours as well.</param>
public readonly record struct InboundQuery(
    MeshWorkload Local, Ip LocalAddress, string Authority, string? ForwardedHost = null, bool SocksEnabled = false);
