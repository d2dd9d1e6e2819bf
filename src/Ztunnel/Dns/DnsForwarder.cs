using System.Collections.Immutable;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// Asks name servers and remembers what they say: equal questions in flight share one answer, tables are bounded. Belongs to one loop and one
/// network namespace.
/// </summary>
internal sealed class DnsForwarder(EventLoop loop, ImmutableArray<InetEndpoint> servers, SocketOptions sockets, DnsMetrics? metrics, ILogger log)
    : IDisposable
{
    /// <summary>Different questions waiting for a name server.</summary>
    public const int InFlightMax = 512;

    /// <summary>How long a server may take before another one, or the same once more, is asked as well.</summary>
    public static readonly TimeSpan AttemptTimeout = TimeSpan.FromMilliseconds(1500);
    private readonly Dictionary<byte[], ForwardedQuestion> _inFlight = new(BytesComparer.Instance);
    private bool _isDisposed;

    public EventLoop Loop => loop;

    public ImmutableArray<InetEndpoint> Servers => servers;

    /// <summary>How sockets to name servers are made.</summary>
    public SocketOptions Sockets => sockets;

    /// <summary>Null when these questions are not counted as forwarded ones.</summary>
    public DnsMetrics? Metrics => metrics;

    public ILogger Log => log;

    public DnsCache Cache { get; } = new();

    public int InFlight => _inFlight.Count;

    /// <summary>An answer that is remembered and still holds; lent until the next call.</summary>
    public bool TryFindCached(scoped in DnsAsk ask, out ReadOnlySpan<byte> reply, out uint ageSeconds)
    {
        Span<byte> key = stackalloc byte[DnsAsk.KeyBytesMax];
        return Cache.TryFind(key[..ask.WriteKey(key)], loop.NowMilliseconds, out reply, out ageSeconds);
    }

    /// <summary>Asks a name server, or joins somebody who already did; the waiter hears once.</summary>
    public void Ask(in DnsAsk ask, IDnsWaiter waiter)
    {
        Span<byte> room = stackalloc byte[DnsAsk.KeyBytesMax];
        ReadOnlySpan<byte> key = room[..ask.WriteKey(room)];
        if (_inFlight.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var asked))
        {
            if (!asked.TryJoin(waiter)) waiter.OnFailure();
            return;
        }

        if (_isDisposed || servers.IsEmpty || _inFlight.Count >= InFlightMax)
        {
            metrics?.CountFailure(ask.Asker, ask.Type);
            waiter.OnFailure();
            return;
        }

        var question = new ForwardedQuestion(this, key.ToArray(), ask, waiter);
        _inFlight[question.Key] = question;
        question.Start();
    }

    /// <summary>Every question still in flight fails.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var question in new List<ForwardedQuestion>(_inFlight.Values)) question.Fail();
    }

    internal void Forget(ForwardedQuestion question) => _inFlight.Remove(question.Key);
}
