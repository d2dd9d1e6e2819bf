using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone;

/// <summary>
/// Who may share a tunnel: same pod, same expected identities in the same order, same destination. Build it once per route
/// and keep it; its hash is computed once.
/// </summary>
public sealed class TunnelKey : IEquatable<TunnelKey>
{
    private readonly int hash;

    public TunnelKey(ITunnelOrigin origin, ImmutableArray<SpiffeId> expected, InetEndpoint destination)
    {
        Origin = origin;
        Expected = expected;
        Destination = destination;
        var code = default(HashCode);
        code.Add(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(origin));
        code.Add(destination);
        foreach (var id in expected) code.Add(id);
        hash = code.ToHashCode();
    }

    public ITunnelOrigin Origin { get; }
    public ImmutableArray<SpiffeId> Expected { get; }
    public InetEndpoint Destination { get; }

    /// <summary>As <see cref="SocketOptions.StaysOnMachine"/>. A peer that moves to another node with its address gets new tunnels.</summary>
    public bool StaysOnMachine { get; init; }

    public bool Equals(TunnelKey? other) => ReferenceEquals(this, other) || (other is not null && hash == other.hash
        && ReferenceEquals(Origin, other.Origin) && Destination == other.Destination && StaysOnMachine == other.StaysOnMachine
        && Expected.AsSpan().SequenceEqual(other.Expected.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as TunnelKey);
    public override int GetHashCode() => hash;
}
