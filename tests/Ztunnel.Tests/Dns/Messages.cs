using Mesh.Dns;

namespace Mesh.Ztunnel.Tests.Dns;

/// <summary>Questions and answers as bytes.</summary>
internal static class Messages
{
    public static byte[] Name(string text)
    {
        var wire = new byte[DnsName.WireBytesMax];
        Assert.True(DnsName.TryFromText(text, wire, out var length), text);
        return wire[..length];
    }

    public static byte[] Query(string name, DnsType type = DnsType.A, ushort id = 0x1234, DnsEdns? edns = null)
    {
        var bytes = new byte[1024];
        var writer = new DnsWriter(bytes, id, DnsFlags.RecursionDesired);
        writer.TryQuestion(Name(name), type, DnsQuery.Internet);
        if (edns is { } given) writer.TryOpt(given);
        return bytes[..writer.Finish()];
    }

    /// <summary>What a name server says to a question.</summary>
    public static byte[] Reply(byte[] question, DnsResponseCode code = DnsResponseCode.NoError, uint ttl = 60, DnsFlags more = DnsFlags.None, params byte[][] addresses)
    {
        Assert.Equal(DnsQueryRead.Complete, DnsQuery.TryRead(question, out var query));
        var bytes = new byte[ushort.MaxValue];
        var writer = new DnsWriter(bytes, query.Header.Id, DnsFlags.Response | DnsFlags.RecursionAvailable | (DnsFlags)code | more);
        writer.TryQuestion(query.Name, query.Type, query.Class);
        foreach (var address in addresses) writer.TryAddress(DnsWriter.QuestionName, ttl, address);
        return bytes[..writer.Finish()];
    }

    public static (DnsHeader Header, List<(DnsType Type, uint Ttl, string Data)> Records) Read(byte[] message)
    {
        Assert.True(DnsHeader.TryRead(message, out var header));
        var name = new byte[DnsName.WireBytesMax];
        var at = DnsHeader.Size;
        if (header.Questions > 0)
        {
            Assert.True(DnsName.TryExpand(message, at, name, out _, out at));
            at += 4;
        }

        var records = new List<(DnsType, uint, string)>();
        var reader = new DnsRecordReader(message, header, at);
        while (reader.TryNext(out var record))
        {
            var data = record.DataOf(message).ToArray();
            var text = record.Type switch
            {
                DnsType.A or DnsType.Aaaa => new System.Net.IPAddress(data).ToString(),
                DnsType.Cname => DnsName.TryExpand(message, record.DataOffset, name, out var length, out _) ? DnsName.Describe(name.AsSpan(0, length)) : "?",
                _ => Convert.ToHexString(data),
            };
            records.Add((record.Type, record.TtlSeconds, text));
        }

        Assert.False(reader.IsMalformed);
        return (header, records);
    }
}
