using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Mesh.Identity;

/// <summary>
/// Certificate revocation lists (RFC 5280, section 5): their DER for TLS, which checks signatures, and an index for asking again about
/// peers that are already connected. Immutable.
/// </summary>
public sealed class RevocationLists
{
    public const int ListsMax = 64;
    public const int FileBytesMax = 64 * 1024 * 1024;
    private const string Label = "X509 CRL";

    private readonly Dictionary<string, HashSet<BigInteger>> revoked;

    private RevocationLists(ImmutableArray<ReadOnlyMemory<byte>> lists, Dictionary<string, HashSet<BigInteger>> revoked)
    {
        Lists = lists;
        this.revoked = revoked;
    }

    public static RevocationLists None { get; } = new([], []);

    /// <summary>DER.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Lists { get; }

    public bool IsEmpty => Lists.IsEmpty;

    /// <summary>Reads one DER list, or any number in PEM. Null with the problem when a list is damaged: half a list must not pass for one.</summary>
    public static RevocationLists? TryParse(ReadOnlySpan<byte> file, out string? problem)
    {
        problem = null;
        var lists = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        var index = new Dictionary<string, HashSet<BigInteger>>(StringComparer.Ordinal);
        if (file.Length > FileBytesMax) problem = $"more than {FileBytesMax} bytes";
        else if (file.Length > 0 && file[0] == 0x30) lists.Add(file.ToArray());
        else problem = ReadPem(Encoding.Latin1.GetString(file), lists);
        foreach (var list in lists)
        {
            if (problem is null && !TryIndex(list, index)) problem = "a revocation list is malformed";
        }
        if (problem is null && lists.Count == 0) problem = "no revocation list";
        return problem is null ? new RevocationLists(lists.ToImmutable(), index) : null;
    }

    public bool IsRevoked(CertificateFacts certificate) =>
        revoked.TryGetValue(Convert.ToHexString(certificate.IssuerDer.Span), out var serials) && serials.Contains(certificate.SerialNumber);

    private static string? ReadPem(ReadOnlySpan<char> pem, ImmutableArray<ReadOnlyMemory<byte>>.Builder lists)
    {
        while (PemEncoding.TryFind(pem, out var fields))
        {
            if (pem[fields.Label] is Label)
            {
                if (lists.Count == ListsMax) return $"more than {ListsMax} revocation lists";
                var der = new byte[fields.DecodedDataLength];
                if (!Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out var written)) return "a revocation list is not base64";
                lists.Add(der.AsMemory(0, written));
            }
            pem = pem[fields.Location.End..];
        }
        return pem.Contains("-----BEGIN " + Label, StringComparison.Ordinal) ? "a revocation list is damaged" : null;
    }

    private static bool TryIndex(ReadOnlyMemory<byte> der, Dictionary<string, HashSet<BigInteger>> index)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var list = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var tbs = list.ReadSequence();
            if (tbs.PeekTag().HasSameClassAndValue(Asn1Tag.Integer)) tbs.ReadInteger();
            tbs.ReadSequence(); // Signature algorithm.
            var issuer = Convert.ToHexString(tbs.ReadEncodedValue().Span);
            tbs.ReadEncodedValue(); // This update; an old list still revokes what it revokes.
            if (IsTime(tbs)) tbs.ReadEncodedValue();
            if (!index.TryGetValue(issuer, out var serials)) index[issuer] = serials = [];
            if (!tbs.HasData || !tbs.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence)) return true;
            for (var entries = tbs.ReadSequence(); entries.HasData;) serials.Add(entries.ReadSequence().ReadInteger());
            return true;
        }
        catch (AsnContentException) // AsnReader has no other way to say that bytes are malformed.
        {
            return false;
        }
    }

    private static bool IsTime(AsnReader reader) => reader.HasData
        && (reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || reader.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime));
}
