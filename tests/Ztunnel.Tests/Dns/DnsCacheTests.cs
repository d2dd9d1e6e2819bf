using Mesh.Ztunnel.Dns;

namespace Mesh.Ztunnel.Tests.Dns;

public sealed class DnsCacheTests
{
    private static byte[] Key(int i) => BitConverter.GetBytes(i);

    [Fact]
    public void An_answer_is_kept_for_its_time_and_knows_its_age()
    {
        var cache = new DnsCache();
        cache.Store(Key(1), [1, 2], 10, isNegative: false, nowMilliseconds: 1000);
        Assert.True(cache.TryFind(Key(1), 8500, out var reply, out var age));
        Assert.Equal((2, 7u), (reply.Length, age));
        Assert.False(cache.TryFind(Key(1), 11_000, out _, out _));
        Assert.Equal((0, 0), (cache.Count, cache.Bytes));
        Assert.False(cache.TryFind(Key(2), 0, out _, out _));
    }

    [Fact]
    public void An_answer_of_no_time_is_not_kept_and_replaces_an_older_one()
    {
        var cache = new DnsCache();
        cache.Store(Key(1), [1], 10, isNegative: false, 0);
        cache.Store(Key(1), [2], 0, isNegative: false, 0);
        Assert.False(cache.TryFind(Key(1), 0, out _, out _));
    }

    [Fact]
    public void Entries_and_bytes_are_bounded_and_the_oldest_goes_first()
    {
        var cache = new DnsCache(entriesMax: 4, bytesMax: 100);
        for (var i = 0; i < 10; i++) cache.Store(Key(i), new byte[10], 60, isNegative: false, 0);
        Assert.Equal((4, 40), (cache.Count, cache.Bytes));
        Assert.False(cache.TryFind(Key(5), 0, out _, out _));
        Assert.True(cache.TryFind(Key(6), 0, out _, out _));
        cache.Store(Key(20), new byte[95], 60, isNegative: false, 0);
        Assert.Equal((1, 95), (cache.Count, cache.Bytes));
        cache.Store(Key(21), new byte[101], 60, isNegative: false, 0);
        Assert.Equal((1, 95), (cache.Count, cache.Bytes));
    }

    [Fact]
    public void Nothing_is_believed_for_at_most_five_minutes_and_anything_for_a_day()
    {
        var cache = new DnsCache();
        cache.Store(Key(1), [1], 100_000, isNegative: true, 0);
        cache.Store(Key(2), [1], 1_000_000, isNegative: false, 0);
        Assert.True(cache.TryFind(Key(1), 299_000, out _, out _));
        Assert.False(cache.TryFind(Key(1), 300_000, out _, out _));
        Assert.True(cache.TryFind(Key(2), 86_399_000, out _, out _));
        Assert.False(cache.TryFind(Key(2), 86_400_000, out _, out _));
    }
}
