namespace Mesh.Dns.Tests;

public sealed class DnsQueryTests
{
    [Fact]
    public void A_question_is_read()
    {
        Assert.Equal(DnsQueryRead.Complete, DnsQuery.TryRead(Messages.Query("Web.default", DnsType.Aaaa), out var query));
        Assert.Equal((0x1234, DnsType.Aaaa, DnsQuery.Internet), (query.Header.Id, query.Type, query.Class));
        Assert.Equal("Web.default.", DnsName.Describe(query.Name)); // In the case it was asked.
        Assert.Null(query.Edns);
        Assert.Equal(512, query.PayloadBytesMax);
    }

    [Theory]
    [InlineData(4096, 4096)]
    [InlineData(100, 512)]
    public void EDNS_tells_how_long_an_answer_may_be_but_never_less_than_512(ushort said, int meant)
    {
        Assert.Equal(DnsQueryRead.Complete, DnsQuery.TryRead(Messages.Query("a", edns: new DnsEdns(said, 0, true)), out var query));
        Assert.Equal(new DnsEdns(said, 0, true), query.Edns);
        Assert.Equal(meant, query.PayloadBytesMax);
    }

    [Fact]
    public void A_version_of_EDNS_to_come_is_told_apart() =>
        Assert.Equal(DnsQueryRead.BadVersion, DnsQuery.TryRead(Messages.Query("a", edns: new DnsEdns(512, 1, false)), out _));

    [Fact]
    public void A_response_is_no_question() =>
        Assert.Equal(DnsQueryRead.FormatError, DnsQuery.TryRead(Messages.Query("a", flags: DnsFlags.Response), out _));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    public void Other_kinds_of_requests_are_not_implemented(int opcode)
    {
        Assert.Equal(DnsQueryRead.NotImplemented, DnsQuery.TryRead(Messages.Query("a", flags: (DnsFlags)(opcode << 11)), out var query));
        Assert.Equal(opcode, query.Header.Opcode);
    }

    [Fact]
    public void None_or_several_questions_are_a_format_error()
    {
        foreach (byte count in new byte[] { 0, 2, 255 })
        {
            var message = Messages.Query("a");
            message[5] = count;
            Assert.Equal(DnsQueryRead.FormatError, DnsQuery.TryRead(message, out _));
        }
    }

    [Fact]
    public void Two_OPT_records_are_a_format_error()
    {
        var one = Messages.Query("a", edns: new DnsEdns(512, 0, false));
        byte[] two = [.. one, .. one[^11..]];
        two[11] = 2;
        Assert.Equal(DnsQueryRead.FormatError, DnsQuery.TryRead(two, out _));
    }

    [Fact]
    public void Every_truncation_is_an_error_and_never_an_exception()
    {
        var whole = Messages.Query("web.default.svc.cluster.local", edns: new DnsEdns(1232, 0, true));
        for (var length = 0; length < whole.Length; length++)
        {
            var read = DnsQuery.TryRead(whole.AsSpan(0, length), out _);
            Assert.Equal(length < DnsHeader.Size ? DnsQueryRead.Ignore : DnsQueryRead.FormatError, read);
        }
    }

    [Fact]
    public void Seeded_garbage_never_makes_an_exception()
    {
        var random = new Random(11);
        var whole = Messages.Query("web.default.svc.cluster.local", edns: new DnsEdns(1232, 0, true));
        for (var i = 0; i < 20_000; i++)
        {
            var spoiled = (byte[])whole.Clone();
            for (var j = random.Next(1, 6); j > 0; j--) spoiled[random.Next(spoiled.Length)] = (byte)random.Next(256);
            var read = DnsQuery.TryRead(spoiled, out var query);
            if (read == DnsQueryRead.Complete) Assert.InRange(query.Name.Length, 1, DnsName.WireBytesMax);
        }
    }
}
