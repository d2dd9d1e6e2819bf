namespace Mesh.Ztunnel.Options;

/// <summary>Whether one proxy serves a node's pods or a single workload.</summary>
internal enum ProxyMode
{
    Shared,
    Dedicated,
}
