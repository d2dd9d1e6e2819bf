using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mesh.Identity;

namespace Mesh.ControlPlane.Authority;

/// <summary>The certificate that our xDS and CA port shows, issued by our own authority for our own names. Pure but for the new key.</summary>
internal static class ServingCertificate
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    /// <summary>Names of istiod, so that a proxy configured for it accepts us.</summary>
    private static readonly string[] Aliases = ["istiod", "istiod-remote", "istio-pilot"];

    public static IReadOnlyList<string> NamesFor(ControlPlaneOptions options)
    {
        var names = new List<string>();
        var services = options.ServiceNames.Concat(Aliases);
        if (options.Mesh.Revision != "default") services = services.Append($"istiod-{options.Mesh.Revision}");
        foreach (var service in services)
        {
            names.Add($"{service}.{options.Mesh.SystemNamespace}.svc");
            names.Add($"{service}.{options.Mesh.SystemNamespace}.svc.{options.Mesh.DnsSuffix}");
        }
        names.AddRange(options.CustomHosts);
        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    public static X509Certificate2 Issue(CertificateIssuer issuer, ControlPlaneOptions options, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in NamesFor(options))
        {
            if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(name);
        }
        request.CertificateExtensions.Add(names.Build(critical: true));
        using var signer = X509Certificate2.CreateFromPem(issuer.CertificatePem, issuer.PrivateKeyPem);
        var notBefore = now - ClockSkew > issuer.NotBefore ? now - ClockSkew : issuer.NotBefore;
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        using var certificate = signer.GetRSAPrivateKey() is { } rsa
            ? request.Create(signer.SubjectName, X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1), notBefore, issuer.NotAfter, serial)
            : request.Create(signer.SubjectName, X509SignatureGenerator.CreateForECDsa(signer.GetECDsaPrivateKey()!), notBefore, issuer.NotAfter, serial);
        return certificate.CopyWithPrivateKey(key);
    }
}
