namespace Mesh.Ztunnel.Dns;

/// <summary>
/// Answers of name servers for as long as they say, the oldest given up first when there are too many. One loop; time is an argument.
/// </summary>
internal sealed class DnsCache(int entriesMax = DnsCache.EntriesMaxDefault, int bytesMax = DnsCache.BytesMaxDefault)
{
    public const int EntriesMaxDefault = 1024;
    public const int BytesMaxDefault = 512 * 1024;

    /// <summary>However long a zone asks for.</summary>
    private const uint LifetimeSecondsMax = 24 * 3600;

    /// <summary>An answer of nothing is not believed longer than this: what is missing today may be made any moment.</summary>
    private const uint NegativeSecondsMax = 300;
    private readonly LinkedList<Entry> _byAge = [];
    private readonly Dictionary<byte[], LinkedListNode<Entry>> _entries = new(BytesComparer.Instance);

    public int Count => _entries.Count;

    /// <summary>Bytes of the answers now kept.</summary>
    public int Bytes { get; private set; }

    /// <summary>An answer that still holds, and how old it is.</summary>
    public bool TryFind(scoped ReadOnlySpan<byte> key, long nowMilliseconds, out ReadOnlySpan<byte> reply, out uint ageSeconds)
    {
        reply = default;
        ageSeconds = 0;
        if (!_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var node)) return false;
        if (nowMilliseconds >= node.Value.ExpiresAt)
        {
            Remove(node);
            return false;
        }

        reply = node.Value.Reply;
        ageSeconds = (uint)((nowMilliseconds - node.Value.StoredAt) / 1000);
        return true;
    }

    public void Store(byte[] key, byte[] reply, uint lifetimeSeconds, bool isNegative, long nowMilliseconds)
    {
        if (_entries.TryGetValue(key, out var old)) Remove(old);
        if (lifetimeSeconds == 0 || reply.Length > bytesMax) return;
        while (_entries.Count >= entriesMax || Bytes + reply.Length > bytesMax) Remove(_byAge.First!);
        var seconds = Math.Min(lifetimeSeconds, isNegative ? NegativeSecondsMax : LifetimeSecondsMax);
        _entries[key] = _byAge.AddLast(new Entry(key, reply, nowMilliseconds, nowMilliseconds + (seconds * 1000L)));
        Bytes += reply.Length;
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Key);
        _byAge.Remove(node);
        Bytes -= node.Value.Reply.Length;
    }

    private readonly record struct Entry(byte[] Key, byte[] Reply, long StoredAt, long ExpiresAt);
}
