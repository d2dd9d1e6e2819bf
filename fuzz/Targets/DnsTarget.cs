using Mesh.Dns;
using Mesh.Ztunnel.Dns;

namespace Mesh.Fuzz.Targets;

/// <summary>DNS messages both ways: what a client asks is answered with something readable, what a server says never leads astray.</summary>
internal sealed class DnsTarget() : Target("dns")
{
    private static readonly string[] Names = ["www.example.com", "web.default.svc.cluster.local", "_http._tcp.a", "*.b.c", "x"];
    private readonly byte[] room = new byte[4096];

    public override byte[] Make(Random random)
    {
        var bytes = new byte[1024];
        var isReply = random.Next(2) == 0;
        var writer = new DnsWriter(bytes, (ushort)random.Next(65536), isReply ? DnsFlags.Response | DnsFlags.RecursionAvailable : DnsFlags.RecursionDesired);
        var name = Wire(Names[random.Next(Names.Length)]);
        writer.TryQuestion(name, random.Next(2) == 0 ? DnsType.A : DnsType.Aaaa, DnsQuery.Internet);
        if (isReply)
        {
            var owner = DnsWriter.QuestionName;
            if (random.Next(2) == 0) writer.TryAlias(owner, (uint)random.Next(600), Wire(Names[random.Next(Names.Length)]), out owner);
            for (var i = random.Next(4); i > 0; i--) writer.TryAddress(owner, (uint)random.Next(600), new byte[random.Next(2) == 0 ? 4 : 16]);
        }

        if (random.Next(2) == 0) writer.TryOpt(new DnsEdns((ushort)random.Next(65536), 0, random.Next(2) == 0));
        return bytes[..writer.Finish()];
    }

    public override bool Try(byte[] input, Random random)
    {
        for (var cut = 0; cut < input.Length && input.Length < 256; cut++) TryQuery(input.AsSpan(0, cut)); // Every truncation.
        return TryQuery(input) | TryReply(input);
    }

    private static byte[] Wire(string name)
    {
        var wire = new byte[DnsName.WireBytesMax];
        DnsName.TryFromText(name, wire, out var length);
        return wire[..length];
    }

    private bool TryQuery(ReadOnlySpan<byte> input)
    {
        var read = DnsQuery.TryRead(input, out var query);
        Require((read == DnsQueryRead.Ignore) == (input.Length < DnsHeader.Size), "only what is no header is ignored");
        if (read == DnsQueryRead.Ignore) return false;
        var refused = room.AsSpan(0, DnsAnswers.WriteError(query, DnsResponseCode.FormatError, room));
        Require(DnsHeader.TryRead(refused, out var header) && header.IsResponse && header.Id == query.Header.Id, "a refusal is an answer to its request");
        if (read != DnsQueryRead.Complete) return false;
        Require(query.Name.Length is > 0 and <= DnsName.WireBytesMax && query.Name[^1] == 0, "a name is bounded and ends");
        Require(DnsName.Describe(query.Name).Length > 0, "a name can be shown");
        Span<char> text = stackalloc char[DnsName.TextCharsMax];
        if (DnsName.TryToText(query.Name, text, out var length))
        {
            Require(DnsName.TryFromText(text[..length], room, out var again) && DnsName.AreSame(room.AsSpan(0, again), query.Name), "text and wire are one name");
        }

        var answer = room.AsSpan(0, DnsAnswers.WriteAddresses(query, 0, [Model.Ip.LoopbackV4], isTcp: false, room.AsSpan(0, 512)));
        var outcome = DnsReply.TryRead(answer, query.Header.Id, query.Name, query.Type, query.Class, out _);
        Require(outcome is DnsReplyRead.Complete or DnsReplyRead.Truncated, "what we write, we read");
        return true;
    }

    private static bool TryReply(byte[] input)
    {
        if (!DnsHeader.TryRead(input, out var header)) return false;
        Span<byte> name = stackalloc byte[DnsName.WireBytesMax];
        if (!DnsName.TryExpand(input, DnsHeader.Size, name, out var length, out var at) || at + 4 > input.Length) return false;
        var type = (DnsType)((input[at] << 8) | input[at + 1]);
        var questionClass = (ushort)((input[at + 2] << 8) | input[at + 3]);
        if (DnsReply.TryRead(input, header.Id, name[..length], type, questionClass, out var reply) != DnsReplyRead.Complete) return false;
        Span<UInt128> addresses = stackalloc UInt128[8];
        var before = reply.CollectAddresses(name[..length], DnsType.A, addresses);
        Require(before is >= 0 and <= 8, "addresses are bounded");
        var lifetime = reply.LifetimeSeconds();
        Require(lifetime <= int.MaxValue, "a time is no more than the protocol has");
        DnsReply.Age(input, 10);
        // A hostile server may let a name point into a time, so that ageing spoils the name: then the message is refused, and no more.
        var aged = DnsReply.TryRead(input, header.Id, name[..length], type, questionClass, out reply);
        Require(aged is DnsReplyRead.Complete or DnsReplyRead.Malformed, "ageing leaves header and question alone");
        Require(aged != DnsReplyRead.Complete || reply.LifetimeSeconds() <= lifetime, "ageing never makes a message younger");
        return true;
    }
}
