using System.Buffers.Binary;

namespace Mesh.Dns.Tests;

public sealed class DnsReplyTests
{
    private static DnsReplyRead Read(byte[] message, out DnsReply reply, ushort id = 0x1234, string name = "www.example.com", DnsType type = DnsType.A) =>
        DnsReply.TryRead(message, id, Messages.Name(name), type, DnsQuery.Internet, out reply);

    [Fact]
    public void Addresses_are_found_behind_an_alias()
    {
        Assert.Equal(DnsReplyRead.Complete, Read(Messages.AliasReply(), out var reply));
        Span<UInt128> found = stackalloc UInt128[8];
        Assert.Equal(2, reply.CollectAddresses(Messages.Name("WWW.example.com"), DnsType.A, found));
        Assert.Equal((0xC0000201u, 0xC0000202u), ((uint)found[0], (uint)found[1]));
        Assert.Equal(0, reply.CollectAddresses(Messages.Name("www.example.com"), DnsType.Aaaa, found));
        Assert.Equal(0, reply.CollectAddresses(Messages.Name("other.example.com"), DnsType.A, found)); // Addresses of somebody else.
    }

    [Fact]
    public void An_answer_to_another_question_is_foreign()
    {
        Assert.Equal(DnsReplyRead.Foreign, Read(Messages.AliasReply(), out _, id: 0x1235));
        Assert.Equal(DnsReplyRead.Foreign, Read(Messages.AliasReply(), out _, name: "www.example.org"));
        Assert.Equal(DnsReplyRead.Foreign, Read(Messages.AliasReply(), out _, type: DnsType.Aaaa));
        Assert.Equal(DnsReplyRead.Foreign, Read(Messages.Query("www.example.com"), out _)); // A question is no answer.
        var otherClass = Messages.AliasReply();
        otherClass[DnsHeader.Size + 17 + 3] = 3;
        Assert.Equal(DnsReplyRead.Foreign, Read(otherClass, out _));
    }

    [Fact]
    public void It_may_be_kept_as_long_as_its_shortest_record()
    {
        Assert.Equal(DnsReplyRead.Complete, Read(Messages.AliasReply(), out var reply));
        Assert.Equal(60u, reply.LifetimeSeconds());
    }

    [Theory]
    [InlineData(DnsResponseCode.NameError, 30)]
    [InlineData(DnsResponseCode.NoError, 30)] // The name is there, but nothing of this type.
    [InlineData(DnsResponseCode.ServerFailure, 0)]
    [InlineData(DnsResponseCode.Refused, 0)]
    public void Nothing_may_be_kept_as_long_as_the_zone_says(DnsResponseCode code, uint seconds)
    {
        Assert.Equal(DnsReplyRead.Complete, Read(Messages.NoSuchName("no.example.com", code: code), out var reply, name: "no.example.com"));
        Assert.Equal(seconds, reply.LifetimeSeconds());
    }

    [Fact]
    public void Nothing_without_a_zones_word_is_not_kept()
    {
        var message = Messages.Query("no.example.com", flags: DnsFlags.Response);
        Assert.Equal(DnsReplyRead.Complete, Read(message, out var reply, name: "no.example.com"));
        Assert.Equal(0u, reply.LifetimeSeconds());
    }

    [Fact]
    public void A_time_with_its_highest_bit_set_is_zero()
    {
        var message = Messages.AliasReply();
        Read(message, out var reply);
        var records = reply.Records;
        Assert.True(records.TryNext(out var alias));
        message[alias.TtlOffset] = 0x80;
        Read(message, out reply);
        Assert.Equal(0u, reply.LifetimeSeconds());
    }

    [Fact]
    public void Age_is_taken_from_every_record_and_stops_at_zero()
    {
        var message = Messages.AliasReply();
        DnsReply.Age(message, 70);
        Read(message, out var reply);
        var ttls = new List<uint>();
        for (var records = reply.Records; records.TryNext(out var record);) ttls.Add(record.TtlSeconds);
        Assert.Equal([230u, 0u, 20u], ttls);
    }

    [Fact]
    public void A_cut_answer_asks_for_another_way()
    {
        var message = Messages.AliasReply();
        message[2] |= 0x02;
        Assert.Equal(DnsReplyRead.Truncated, Read(message[..60], out _));
    }

    [Fact]
    public void Every_truncation_is_refused_and_never_an_exception()
    {
        var whole = Messages.AliasReply();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Contains(Read(whole[..length], out _), new[] { DnsReplyRead.Foreign, DnsReplyRead.Malformed });
        }
    }

    [Fact]
    public void Seeded_garbage_never_makes_an_exception()
    {
        var random = new Random(12);
        var whole = Messages.AliasReply();
        var name = Messages.Name("www.example.com");
        Span<UInt128> found = stackalloc UInt128[8];
        for (var i = 0; i < 20_000; i++)
        {
            var spoiled = (byte[])whole.Clone();
            for (var j = random.Next(1, 6); j > 0; j--) spoiled[random.Next(4, spoiled.Length)] = (byte)random.Next(256);
            if (DnsReply.TryRead(spoiled, 0x1234, name, DnsType.A, DnsQuery.Internet, out var reply) != DnsReplyRead.Complete) continue;
            reply.LifetimeSeconds();
            Assert.InRange(reply.CollectAddresses(name, DnsType.A, found), 0, 8);
            DnsReply.Age(spoiled, 5);
        }
    }

    [Fact]
    public void More_records_than_there_are_is_malformed()
    {
        var message = Messages.AliasReply();
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), ushort.MaxValue);
        Assert.Equal(DnsReplyRead.Malformed, Read(message, out _));
    }
}
