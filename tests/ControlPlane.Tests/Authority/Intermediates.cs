using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;

namespace Mesh.ControlPlane.Tests.Authority;

/// <summary>Signers that stand below a root whose key is elsewhere, as companies have them.</summary>
internal static class Intermediates
{
    public static CertificateIssuer Create(TimeSpan left, DateTimeOffset? from = null)
    {
        var (start, end) = (from ?? DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow + left);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("O=company root", rootKey, HashAlgorithmName.SHA256);
        AddCaExtensions(rootRequest);
        using var root = rootRequest.CreateSelfSigned(start.AddDays(-1), end.AddDays(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=mesh intermediate", key, HashAlgorithmName.SHA256);
        AddCaExtensions(request);
        using var signer = request.Create(root, start, end, [1, 2, 3, 4]);
        var made = CertificateIssuer.TryCreate(
            signer.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem(), "", root.ExportCertificatePem(), out var problem);
        Assert.Null(problem);
        Assert.False(made!.IsSelfIssued);
        return made;
    }

    private static void AddCaExtensions(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
    }
}
