using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Identity;

/// <summary>A fresh P-256 key and the PKCS #10 request that asks a certificate authority to vouch for it. One owner.</summary>
public sealed class SigningRequest : IDisposable
{
    private readonly byte[] privateKey;

    private SigningRequest(SpiffeId id, string pem, byte[] privateKey)
    {
        Id = id;
        Pem = pem;
        this.privateKey = privateKey;
    }

    public SpiffeId Id { get; }

    /// <summary>The request: empty subject, one URI name.</summary>
    public string Pem { get; }

    public static SigningRequest Create(SpiffeId id)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(SubjectNames.Uri(id, critical: true));
        return new SigningRequest(id, request.CreateSigningRequestPem() + "\n", key.ExportPkcs8PrivateKey());
    }

    /// <summary>The SVID that the answered chain (PEM, leaf first) makes with our key; a chain for another identity is refused.</summary>
    public Svid? TryComplete(ReadOnlySpan<char> chainPem, out string? problem)
    {
        var svid = Svid.TryCreate(chainPem, privateKey, out problem);
        if (svid is null || svid.Id == Id) return svid;
        problem = $"asked for {Id}, was given {svid.Id}";
        svid.Dispose();
        return null;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(privateKey);
}
