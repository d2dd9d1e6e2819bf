using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Identity;

/// <summary>
/// A signing certificate and its key: vouches for workload keys under SPIFFE ids. Thread-safe; one owner, who disposes it.
/// </summary>
public sealed class CertificateIssuer : IDisposable
{
    /// <summary>Signing requests longer than this are refused unread.</summary>
    public const int RequestCharsMax = 32 * 1024;

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);
    private const int SerialBytes = 16;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 certificate;
    private readonly AsymmetricAlgorithm key;
    private readonly X509SignatureGenerator generator;
    private readonly HashAlgorithmName hash;

    private CertificateIssuer(X509Certificate2 certificate, AsymmetricAlgorithm key, IReadOnlyList<string> intermediatesPem, TrustBundle roots)
    {
        this.certificate = certificate;
        this.key = key;
        generator = Generator(key);
        hash = HashFor(key);
        IntermediatesPem = intermediatesPem;
        Roots = roots;
        NotBefore = new DateTimeOffset(certificate.NotBefore);
        NotAfter = new DateTimeOffset(certificate.NotAfter);
    }

    /// <summary>Sent after each leaf; empty when the signer is itself a root.</summary>
    public IReadOnlyList<string> IntermediatesPem { get; }

    public TrustBundle Roots { get; }
    /// <summary>True when nobody stands above the signer: then, and only then, it may be renewed from its own key.</summary>
    public bool IsSelfIssued => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }
    public string CertificatePem => certificate.ExportCertificatePem() + "\n";
    public string PrivateKeyPem => key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>
    /// The issuer of a certificate and key (PEM), the intermediates above it (may be empty; the signer itself may lead) and its roots.
    /// Null with the problem when they do not make a signer.
    /// </summary>
    public static CertificateIssuer? TryCreate(string certificatePem, string keyPem, string intermediatesPem, string rootsPem, out string? problem)
    {
        if (TrustBundle.TryParse(rootsPem, out problem) is not { } roots) return null;
        var signers = new List<byte[]>();
        problem = PemBlocks.ReadCertificates(certificatePem, signers);
        if (problem is null && signers.Count == 0) problem = "no signing certificate";
        var above = new List<byte[]>();
        problem ??= PemBlocks.ReadCertificates(intermediatesPem, above);
        if (problem is not null) return null;
        if (CertificateFacts.TryRead(signers[0]) is not { } facts)
        {
            problem = "the signing certificate is malformed";
            return null;
        }
        if (PrivateKeys.TryImportPem(keyPem) is not { } signingKey)
        {
            problem = "the signing key is neither ECDSA nor RSA";
            return null;
        }
        var signer = X509CertificateLoader.LoadCertificate(signers[0]);
        problem = FirstProblem(signer, signingKey, facts);
        if (problem is not null)
        {
            signer.Dispose();
            signingKey.Dispose();
            return null;
        }
        return new CertificateIssuer(signer, signingKey, ChainAbove(signers, above, roots), roots);
    }

    /// <summary>
    /// A new root, from a new key or (so that leaves keep verifying) from the key of the root it replaces. Then it keeps that root's subject,
    /// for leaves name it, and its roots that have not ended: peers trust both until all know the new one.
    /// </summary>
    public static CertificateIssuer CreateSelfSigned(
        string organization, IssuerKeyKind kind, DateTimeOffset now, TimeSpan lifetime, CertificateIssuer? sameKeyAs = null)
    {
        var signingKey = sameKeyAs is null ? NewKey(kind) : Copy(sameKeyAs.key);
        var name = sameKeyAs?.certificate.SubjectName ?? NameOf(organization);
        var digest = HashFor(signingKey);
        var request = signingKey is RSA rsa
            ? new CertificateRequest(name, rsa, digest, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(name, (ECDsa)signingKey, digest);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var root = request.Create(name, Generator(signingKey), now - ClockSkew, now + lifetime, Serial());
        var roots = TrustBundle.TryCreate([root.RawData, .. LivingRoots(sameKeyAs, now)], out var problem) ?? throw new InvalidOperationException(problem);
        return new CertificateIssuer(root, signingKey, [], roots);
    }

    private static X500DistinguishedName NameOf(string organization)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(organization);
        return name.Build();
    }

    private static IEnumerable<byte[]> LivingRoots(CertificateIssuer? issuer, DateTimeOffset now)
    {
        foreach (var root in issuer?.Roots.Roots ?? [])
        {
            if (CertificateFacts.TryRead(root) is { } facts && facts.NotAfter > now) yield return root.ToArray();
        }
    }

    /// <summary>
    /// Vouches for the request's key under this id, whatever names the request asked for. The end is cut at the signer's own.
    /// </summary>
    public IssuedCertificate Issue(string requestPem, SpiffeId id, DateTimeOffset now, TimeSpan lifetime)
    {
        if (requestPem.Length > RequestCharsMax) return Refused($"the request is longer than {RequestCharsMax} characters");
        if (lifetime <= TimeSpan.Zero) return Refused("the lifetime is not positive");
        var notAfter = now + lifetime < NotAfter ? now + lifetime : NotAfter;
        var notBefore = now - ClockSkew > NotBefore ? now - ClockSkew : NotBefore;
        if (notAfter <= now) return Refused("the signing certificate has expired");

        CertificateRequest asked;
        try
        {
            // Checks the request's signature by its own key: proof that the caller holds it.
            asked = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default,
                RSASignaturePadding.Pkcs1);
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException or NotSupportedException)
        {
            return Refused($"the request is malformed or not signed by its key: {problem.Message}");
        }
        if (!KeyIsStrong(asked.PublicKey)) return Refused("the request's key is neither RSA of 2048 bits or more nor ECDSA P-256 or more");

        using var leaf = Sign(asked.PublicKey, id, notBefore, notAfter);
        return new IssuedCertificate(leaf.ExportCertificatePem() + "\n", IntermediatesPem, null);
    }

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }

    private X509Certificate2 Sign(PublicKey publicKey, SpiffeId id, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), publicKey, hash);
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (certificate.Extensions["2.5.29.14"] is X509SubjectKeyIdentifierExtension signer)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(signer));
        }
        request.CertificateExtensions.Add(SubjectNames.Uri(id, critical: true)); // Critical, because the subject is empty (RFC 5280, 4.2.1.6).
        return request.Create(certificate.SubjectName, generator, notBefore, notAfter, Serial());
    }

    private static string? FirstProblem(X509Certificate2 signer, AsymmetricAlgorithm signingKey, CertificateFacts facts)
    {
        if (!signingKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(facts.PublicKeyInfoDer.Span))
            return "the signing key does not belong to the signing certificate";
        foreach (var extension in signer.Extensions)
        {
            if (extension is X509BasicConstraintsExtension { CertificateAuthority: false }) return "the signing certificate is not a CA's";
            if (extension is X509KeyUsageExtension usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign))
                return "the signing certificate must not sign certificates (key usage)";
        }
        return signer.Extensions["2.5.29.19"] is null ? "the signing certificate is not a CA's" : null;
    }

    private static List<string> ChainAbove(List<byte[]> signers, List<byte[]> above, TrustBundle roots)
    {
        var chain = new List<string>();
        foreach (var der in (IEnumerable<byte[]>)[.. signers, .. above])
        {
            var pem = PemBlocks.Write([der]);
            if (!IsRoot(der, roots) && !chain.Contains(pem, StringComparer.Ordinal)) chain.Add(pem);
        }
        return chain;
    }

    private static bool IsRoot(byte[] der, TrustBundle roots)
    {
        foreach (var root in roots.Roots)
        {
            if (root.Span.SequenceEqual(der)) return true;
        }
        return false;
    }

    private static bool KeyIsStrong(PublicKey publicKey)
    {
        using var rsa = publicKey.GetRSAPublicKey();
        if (rsa is not null) return rsa.KeySize >= 2048;
        using var ec = publicKey.GetECDsaPublicKey();
        return ec is not null && ec.KeySize >= 256;
    }

    private static AsymmetricAlgorithm NewKey(IssuerKeyKind kind) => kind switch
    {
        IssuerKeyKind.Ec256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        IssuerKeyKind.Rsa2048 => RSA.Create(2048),
        IssuerKeyKind.Rsa4096 => RSA.Create(4096),
    };

    private static AsymmetricAlgorithm Copy(AsymmetricAlgorithm key)
    {
        var bytes = key.ExportPkcs8PrivateKey();
        var copy = PrivateKeys.TryImport(bytes) ?? throw new InvalidOperationException("A signing key could not be read back.");
        CryptographicOperations.ZeroMemory(bytes);
        return copy;
    }

    private static X509SignatureGenerator Generator(AsymmetricAlgorithm key) => key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)key);

    private static HashAlgorithmName HashFor(AsymmetricAlgorithm key) =>
        key is ECDsa { KeySize: > 256 } ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40); // Positive, and always of one length (RFC 5280, 4.1.2.2).
        return serial;
    }

    private static IssuedCertificate Refused(string problem) => new(null, [], problem);
}
