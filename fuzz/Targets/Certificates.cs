using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Fuzz.Targets;

/// <summary>Certificates as peers present them. Their keys differ from run to run; what is parsed of them does not.</summary>
internal static class Certificates
{
    private static readonly DateTimeOffset NotBefore = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static byte[][] Der { get; } = [.. Enumerable.Range(0, 4).Select(Make)];

    private static byte[] Make(int index)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(index == 0 ? "" : $"CN=test {index}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"spiffe://cluster.local/ns/shop/sa/cart-{index}"));
        if (index > 1) names.AddDnsName("cart.shop");
        request.CertificateExtensions.Add(names.Build(critical: index == 0));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(index == 3, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = request.CreateSelfSigned(NotBefore, NotBefore.AddDays(1));
        return certificate.RawData;
    }
}
