namespace Mesh.Dns.Tests;

/// <summary>Good messages to spoil.</summary>
internal static class Messages
{
    public static byte[] Name(string text)
    {
        var wire = new byte[DnsName.WireBytesMax];
        Assert.True(DnsName.TryFromText(text, wire, out var length), text);
        return wire[..length];
    }

    public static byte[] Query(string name, DnsType type = DnsType.A, ushort id = 0x1234, DnsEdns? edns = null, DnsFlags flags = DnsFlags.RecursionDesired)
    {
        var bytes = new byte[1024];
        var writer = new DnsWriter(bytes, id, flags);
        Assert.True(writer.TryQuestion(Name(name), type, DnsQuery.Internet));
        if (edns is { } given) Assert.True(writer.TryOpt(given));
        return bytes[..writer.Finish()];
    }

    /// <summary>www.example.com → edge.example.com → two addresses, compressed as real servers do.</summary>
    public static byte[] AliasReply(ushort id = 0x1234)
    {
        var bytes = new byte[1024];
        var writer = new DnsWriter(bytes, id, DnsFlags.Response | DnsFlags.RecursionAvailable);
        writer.TryQuestion(Name("www.example.com"), DnsType.A, DnsQuery.Internet);
        writer.TryAlias(DnsWriter.QuestionName, 300, Name("edge.example.com"), out var place);
        writer.TryAddress(place, 60, [192, 0, 2, 1]);
        writer.TryAddress(place, 90, [192, 0, 2, 2]);
        return bytes[..writer.Finish()];
    }

    /// <summary>No such name, as a zone says it: a start of authority of 600 s whose last field is 30 s.</summary>
    public static byte[] NoSuchName(string name, ushort id = 0x1234, DnsResponseCode code = DnsResponseCode.NameError)
    {
        var question = Query(name, id: id);
        question[2] = 0x81;
        question[3] = (byte)(0x80 | (int)code);
        question[9] = 1;
        return [.. question, 0, 0, 6, 0, 1, 0, 0, 0x02, 0x58, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 30];
    }
}
