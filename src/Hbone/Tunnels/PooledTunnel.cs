using Mesh.Http2;

namespace Mesh.Hbone.Tunnels;

/// <summary>A client's tunnel in the pool, the identity it was dialled with, and since when it has been unused.</summary>
internal sealed class PooledTunnel(Tunnel tunnel, TunnelIdentity identity, long now)
{
    private const int HeaderBytesMax = 16 * 1024;

    private long unusedSince = now;

    public Tunnel Tunnel { get; } = tunnel;
    public TunnelIdentity Identity { get; } = identity;

    public TunnelStream? Open(ConnectHeaders headers, bool early, out OpenOutcome outcome)
    {
        var fields = new HeaderBuilder(stackalloc byte[HeaderBytesMax]);
        fields.Add(":method"u8, "CONNECT"u8, HeaderIndexing.Remember);
        HeaderText.Add(ref fields, ":authority"u8, headers.Authority, HeaderIndexing.Remember);
        if (headers.Baggage is { Length: > 0 } baggage) HeaderText.Add(ref fields, "baggage"u8, baggage, HeaderIndexing.Remember);
        if (headers.Forwarded is { } forwarded) HeaderText.Add(ref fields, "forwarded"u8, forwarded, HeaderIndexing.None);
        if (headers.TraceParent is { } trace) HeaderText.Add(ref fields, "traceparent"u8, trace, HeaderIndexing.None);
        if (headers.ForwardedNetwork is { } network) HeaderText.Add(ref fields, "x-forwarded-network"u8, network, HeaderIndexing.Remember);
        outcome = OpenOutcome.HeadersTooLarge;
        if (fields.Overflowed || Tunnel.Open(fields.Fields, out outcome) is not { } stream) return null;
        if (!early) stream.Answer = new TunnelAnswer();
        unusedSince = 0;
        return stream;
    }

    public void Retire()
    {
        Tunnel.Drain();
    }

    /// <summary>Asked now and then; a tunnel counts as unused from the first time it is seen without streams.</summary>
    public bool IsUnused(long now, TimeSpan after)
    {
        if (Tunnel.ActiveStreams > 0)
        {
            unusedSince = 0;
            return false;
        }
        if (unusedSince == 0) unusedSince = now;
        return now - unusedSince >= after.TotalMilliseconds;
    }
}
