using System.Buffers;
using Mesh.Model.Decisions;

namespace Mesh.Fuzz.Targets;

/// <summary>The destination that a CONNECT names.</summary>
internal sealed class AuthorityTarget() : Target("authority")
{
    private static readonly SearchValues<char> Meaningful = SearchValues.Create(" \r\n\0/@");
    private static readonly string[] Authorities = ["10.1.2.3:80", "[fd00::1]:443", "cart.shop.svc.cluster.local:8080", "[::ffff:10.1.2.3]:1", "a:65535"];

    public override byte[] Make(Random random) => Texts.Latin1(Authorities[random.Next(Authorities.Length)]);

    public override bool Try(byte[] input, Random random)
    {
        var text = Texts.Of(input);
        if (Authority.TryParse(text) is not { } authority) return false;
        Require(text.Length <= Authority.LengthMax, "an authority is bounded");
        Require(authority.Address is null != (authority.Hostname.Length == 0), "it is an address or a name");
        Require(!authority.Hostname.AsSpan().ContainsAny(Meaningful), "a name holds nothing that means something elsewhere");
        Require(authority.Address is not { } address || Authority.TryParse(address.ToString()) == authority, "an address is read as it is written");
        return true;
    }
}
