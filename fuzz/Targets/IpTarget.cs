using Mesh.Model;

namespace Mesh.Fuzz.Targets;

internal sealed class IpTarget() : Target("ip")
{
    private static readonly string[] Addresses = ["10.1.2.3", "255.255.255.255", "fd00::1", "::", "::ffff:10.1.2.3", "fe80::1%eth0", "2001:db8::8a2e:370:7334"];

    public override byte[] Make(Random random) => Texts.Latin1(Addresses[random.Next(Addresses.Length)]);

    public override bool Try(byte[] input, Random random)
    {
        if (!Ip.TryParse(Texts.Of(input), out var ip)) return false;
        Require(Ip.TryParse(ip.ToString(), out var again) && again == ip, "an address is read as it is written");
        Require(Ip.FromBits(ip.ToBits(), !ip.IsV4) == ip, "an address is its bits");
        return true;
    }
}
