using Mesh.Dns;
using Mesh.Model;
using Mesh.Ztunnel.Dns;

namespace Mesh.Ztunnel.Tests.Dns;

public sealed class DnsAnswersTests
{
    private static readonly Ip First = Ip.FromV4(0x0A000001);

    private static byte[] Addresses(byte[] request, int kept, Ip[] addresses, int room = 512, bool isTcp = false)
    {
        DnsQuery.TryRead(request, out var query);
        var into = new byte[room];
        return into[..DnsAnswers.WriteAddresses(query, kept, addresses, isTcp, into)];
    }

    [Fact]
    public void The_meshs_answers_are_authoritative_recursive_and_hold_for_thirty_seconds()
    {
        var (header, records) = Messages.Read(Addresses(Messages.Query("Web.Shop", id: 77), 0, [First]));
        Assert.Equal((77, DnsFlags.Response | DnsFlags.Authoritative | DnsFlags.RecursionAvailable | DnsFlags.RecursionDesired), ((int)header.Id, header.Flags));
        Assert.Equal([(DnsType.A, 30u, "10.0.0.1")], records);
    }

    [Fact]
    public void An_alias_leads_from_what_was_asked_to_what_was_meant()
    {
        var (_, records) = Messages.Read(Addresses(Messages.Query("Web.shop.svc.cluster.local"), "web.shop".Length, [First]));
        Assert.Equal([(DnsType.Cname, 30u, "Web.shop."), (DnsType.A, 30u, "10.0.0.1")], records);
    }

    [Fact]
    public void Found_without_an_address_is_no_error()
    {
        var (header, records) = Messages.Read(Addresses(Messages.Query("web", DnsType.Aaaa), 0, []));
        Assert.Equal(DnsResponseCode.NoError, header.ResponseCode);
        Assert.Empty(records);
    }

    [Theory]
    [InlineData(1232, 1232)]
    [InlineData(10, 512)]
    public void EDNS_is_echoed_with_at_least_512(ushort asked, ushort told)
    {
        var answer = Addresses(Messages.Query("web", edns: new DnsEdns(asked, 0, true)), 0, [First]);
        var (header, records) = Messages.Read(answer);
        Assert.Equal(1, header.Additionals);
        Assert.Equal(DnsType.Opt, records[^1].Type);
        Assert.Equal(told, (answer[^8] << 8) | answer[^7]);
    }

    [Fact]
    public void An_answer_too_long_for_a_datagram_says_so_and_over_TCP_gives_what_fits()
    {
        var many = Enumerable.Range(0, 200).Select(i => Ip.FromV4(0x0A000000u + (uint)i)).ToArray();
        var (header, records) = Messages.Read(Addresses(Messages.Query("web"), 0, many));
        Assert.True(header.IsTruncated);
        Assert.InRange(records.Count, 20, 40);
        (header, records) = Messages.Read(Addresses(Messages.Query("web"), 0, many, room: ushort.MaxValue, isTcp: true));
        Assert.False(header.IsTruncated);
        Assert.Equal(200, records.Count);
    }

    [Fact]
    public void A_forwarded_answer_gets_the_clients_id_spelling_and_remaining_time()
    {
        var reply = Messages.Reply(Messages.Query("www.example.com", id: 9), ttl: 60, addresses: [192, 0, 2, 1]);
        var request = Messages.Query("WWW.Example.com", id: 10);
        DnsQuery.TryRead(request, out var query);
        var into = new byte[512];
        var answer = into[..DnsAnswers.WriteReply(query, reply, 25, into)];
        var (header, records) = Messages.Read(answer);
        Assert.Equal((10, DnsResponseCode.NoError), ((int)header.Id, header.ResponseCode));
        Assert.Equal([(DnsType.A, 35u, "192.0.2.1")], records);
        Assert.Equal(request[DnsHeader.Size..], answer[DnsHeader.Size..request.Length]);
    }

    [Fact]
    public void A_forwarded_answer_longer_than_the_client_takes_is_cut()
    {
        var request = Messages.Query("a.example.com");
        var reply = Messages.Reply(request, addresses: [.. Enumerable.Range(0, 100).Select(i => new byte[] { 10, 0, 0, (byte)i })]);
        DnsQuery.TryRead(request, out var query);
        var into = new byte[512];
        var (header, records) = Messages.Read(into[..DnsAnswers.WriteReply(query, reply, 0, into)]);
        Assert.True(header.IsTruncated);
        Assert.Empty(records);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.NotImplemented)]
    public void A_refusal_keeps_the_id_and_the_question(DnsResponseCode code)
    {
        DnsQuery.TryRead(Messages.Query("web", id: 5), out var query);
        var into = new byte[512];
        var (header, records) = Messages.Read(into[..DnsAnswers.WriteError(query, code, into)]);
        Assert.Equal((5, code, 1), ((int)header.Id, header.ResponseCode, (int)header.Questions));
        Assert.Empty(records);
    }

    [Fact]
    public void A_version_of_EDNS_to_come_is_refused_with_ours()
    {
        var request = Messages.Query("web", edns: new DnsEdns(1232, 9, false));
        Assert.Equal(DnsQueryRead.BadVersion, DnsQuery.TryRead(request, out var query));
        var into = new byte[512];
        var answer = into[..DnsAnswers.WriteError(query, DnsResponseCode.BadVersion, into)];
        Assert.Equal(0x01, answer[^6]); // Sixteen: the upper bits stand in the OPT record,
        Assert.Equal(0, answer[3] & 0xF); // the lower ones in the header.
        Assert.Equal(0, answer[^5]);
    }
}
