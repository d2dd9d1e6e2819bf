using Mesh.Identity;

namespace Mesh.Fuzz.Targets;

internal sealed class CertificateTarget() : Target("certificate")
{
    public override double Share => 0.3; // OpenSSL's parser is slow and not ours; the reading around it is.

    public override byte[] Make(Random random) => Certificates.Der[random.Next(Certificates.Der.Length)];

    public override bool Try(byte[] input, Random random) => CertificateFacts.TryRead(input) is not null;
}
