using System.Net;

namespace Mesh.Daemon.Admin;

/// <summary>One parsed request. Path and query are decoded; the body is whole.</summary>
public sealed record AdminRequest(
    string Method,
    string Path,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Headers,
    ReadOnlyMemory<byte> Body)
{
    public EndPoint? Peer { get; init; }

    /// <summary>It reads bodies without a length known beforehand: HTTP/1.1.</summary>
    public bool TakesChunks { get; init; } = true;

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
