using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Mesh.Identity;

/// <summary>The roots that peers must chain to; immutable, compared by content regardless of order.</summary>
public sealed class TrustBundle : IEquatable<TrustBundle>
{
    private readonly string fingerprint;

    private TrustBundle(ImmutableArray<ReadOnlyMemory<byte>> roots, string fingerprint)
    {
        Roots = roots;
        this.fingerprint = fingerprint;
    }

    /// <summary>DER, at least one, each once, ordered by hash.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Roots { get; }

    /// <summary>The bundle, or null with the problem when the text holds no certificate or a damaged one.</summary>
    public static TrustBundle? TryParse(ReadOnlySpan<char> pem, out string? problem)
    {
        var certificates = new List<byte[]>();
        problem = PemBlocks.ReadCertificates(pem, certificates);
        return problem is null ? TryCreate(certificates, out problem) : null;
    }

    /// <summary>A bundle of these DER certificates.</summary>
    public static TrustBundle? TryCreate(IReadOnlyCollection<byte[]> certificates, out string? problem)
    {
        var byHash = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var der in certificates)
        {
            if (CertificateFacts.TryRead(der) is null)
            {
                problem = "a root certificate is malformed";
                return null;
            }
            byHash[Convert.ToHexString(SHA256.HashData(der))] = der;
        }
        problem = byHash.Count == 0 ? "no root certificate" : null;
        return problem is null ? new TrustBundle([.. byHash.Values], string.Concat(byHash.Keys)) : null;
    }

    /// <summary>This bundle and that one together, for the time in which roots change.</summary>
    public TrustBundle With(TrustBundle other)
    {
        var all = new List<byte[]>();
        foreach (var root in Roots) all.Add(root.ToArray());
        foreach (var root in other.Roots) all.Add(root.ToArray());
        return TryCreate(all, out _) ?? throw new InvalidOperationException("Two bundles with roots made one without.");
    }

    public string ToPem() => PemBlocks.Write(Roots);

    public bool Equals(TrustBundle? other) => other is not null && fingerprint == other.fingerprint;
    public override bool Equals(object? obj) => Equals(obj as TrustBundle);
    public override int GetHashCode() => fingerprint.GetHashCode(StringComparison.Ordinal);
}
