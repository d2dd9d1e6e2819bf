using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Mesh.Identity;

/// <summary>
/// A workload's certificate chain and private key. The key is zeroed on dispose; whoever needs it longer has loaded it by then.
/// </summary>
public sealed class Svid : IDisposable
{
    private readonly byte[] privateKey;

    private Svid(SpiffeId id, CertificateFacts leaf, ImmutableArray<ReadOnlyMemory<byte>> chain, byte[] privateKey)
    {
        Id = id;
        Leaf = leaf;
        Chain = chain;
        this.privateKey = privateKey;
    }

    public SpiffeId Id { get; }
    public CertificateFacts Leaf { get; }

    /// <summary>DER: the leaf, then intermediates towards the root.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Chain { get; }

    public DateTimeOffset NotBefore => Leaf.NotBefore;
    public DateTimeOffset NotAfter => Leaf.NotAfter;
    public bool IsDisposed { get; private set; }

    /// <summary>PKCS #8, unencrypted.</summary>
    public ReadOnlySpan<byte> PrivateKey
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            return privateKey;
        }
    }

    /// <summary>
    /// The SVID of a chain (PEM, leaf first) and a PKCS #8 key, which is copied. Null with the problem when they do not belong together
    /// or the leaf carries no identity.
    /// </summary>
    public static Svid? TryCreate(ReadOnlySpan<char> chainPem, ReadOnlySpan<byte> privateKeyPkcs8, out string? problem)
    {
        var certificates = new List<byte[]>();
        problem = PemBlocks.ReadCertificates(chainPem, certificates);
        if (problem is null && certificates.Count == 0) problem = "no certificate in the chain";
        if (problem is not null) return null;

        var chain = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>(certificates.Count);
        foreach (var der in certificates) chain.Add(der);
        if (CertificateFacts.TryRead(chain[0]) is not { } leaf)
        {
            problem = "the leaf certificate is malformed";
            return null;
        }
        if (leaf.Identity is not { } id)
        {
            problem = "the leaf certificate names no SPIFFE id";
            return null;
        }
        if (!PrivateKeys.Match(privateKeyPkcs8, leaf.PublicKeyInfoDer.Span))
        {
            problem = "the private key does not belong to the leaf certificate";
            return null;
        }
        return new Svid(id, leaf, chain.MoveToImmutable(), privateKeyPkcs8.ToArray());
    }

    public string ChainPem() => PemBlocks.Write(Chain);

    public void Dispose()
    {
        IsDisposed = true;
        CryptographicOperations.ZeroMemory(privateKey);
    }
}
