using Mesh.Ztunnel.Socks;

namespace Mesh.Fuzz.Targets;

/// <summary>The two messages of a SOCKS5 client, read as they are on the wire: never past their own end.</summary>
internal sealed class SocksTarget() : Target("socks")
{
    public override byte[] Make(Random random)
    {
        byte[] greeting = [5, 2, 0, 2];
        var name = Texts.Latin1("cart.shop.svc");
        byte[] request = random.Next(3) switch
        {
            0 => [5, 1, 0, 1, 10, 0, 0, 1, 0, 80],
            1 => [5, 1, 0, 4, .. new byte[16], 0, 80],
            _ => [5, 1, 0, 3, (byte)name.Length, .. name, 0, 80],
        };
        return [.. greeting, .. request];
    }

    public override bool Try(byte[] input, Random random)
    {
        var at = 0;
        var (have, outcome) = Feed(input, at, static bytes => (SocksMessage.TryReadGreeting(bytes, out var length), length));
        if (outcome != SocksRead.Complete) return false;
        at += have;
        (have, outcome) = Feed(input, at, static bytes => (SocksMessage.TryReadRequest(bytes, out _, out var length), length));
        if (outcome != SocksRead.Complete) return false;
        SocksMessage.TryReadRequest(input.AsSpan(at, have), out var target, out _);
        Require(target.Address is null != (target.Hostname.Length == 0), "a target is an address or a name");
        Require(target.Hostname.Length <= 255, "a name is bounded");
        return true;
    }

    /// <summary>As the acceptor does it: only as many bytes as are told to be needed.</summary>
    private static (int Have, SocksRead Outcome) Feed(byte[] input, int at, Func<ReadOnlySpan<byte>, (SocksRead Outcome, int Length)> read)
    {
        for (var have = 0; ;)
        {
            var (outcome, length) = read(input.AsSpan(at, have));
            if (outcome != SocksRead.NeedMoreBytes) return (have, outcome);
            Require(length > have && length <= SocksMessage.BytesMax, "asking for more asks for something, and within bounds");
            if (at + length > input.Length) return (have, SocksRead.NeedMoreBytes);
            have = length;
        }
    }
}
