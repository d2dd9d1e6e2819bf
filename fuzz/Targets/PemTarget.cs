using Mesh.Identity;

namespace Mesh.Fuzz.Targets;

internal sealed class PemTarget() : Target("pem")
{
    public override double Share => 0.5;

    public override byte[] Make(Random random) =>
        Texts.Latin1(PemBlocks.Write(Enumerable.Range(0, 1 + random.Next(2)).Select(_ => (ReadOnlyMemory<byte>)Certificates.Der[random.Next(Certificates.Der.Length)])));

    public override bool Try(byte[] input, Random random)
    {
        var found = new List<byte[]>();
        if (PemBlocks.ReadCertificates(Texts.Of(input), found) is not null) return false;
        Require(found.Sum(der => der.Length) <= input.Length, "certificates are no longer than their text");
        var again = new List<byte[]>();
        var text = PemBlocks.Write(found.Select(der => (ReadOnlyMemory<byte>)der));
        Require(found.Count == 0 || PemBlocks.ReadCertificates(text, again) is null, "what we write, we read");
        Require(found.Count == 0 || again.Count == found.Count, "no certificate is lost");
        return found.Count > 0;
    }
}
