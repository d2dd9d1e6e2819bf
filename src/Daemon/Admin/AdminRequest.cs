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

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
