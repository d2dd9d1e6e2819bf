using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    private readonly HashSet<UInt128> revoked;

    private RevocationLists(ImmutableArray<RevocationList> lists, HashSet<UInt128> revoked)
    {
        Lists = lists;
        this.revoked = revoked;
    }

    public static RevocationLists None { get; } = new([], []);

    public ImmutableArray<RevocationList> Lists { get; }

    public bool IsEmpty => Lists.IsEmpty;

    /// <summary>Certificates that are named, each once.</summary>
    public int Entries => revoked.Count;

    /// <summary>Reads one DER list, or any number in PEM. Null with the problem when a list is damaged: half a list must not pass for one.</summary>
    public static RevocationLists? TryParse(ReadOnlySpan<byte> file, out string? problem)
    {
        problem = null;
        var ders = new List<ReadOnlyMemory<byte>>();
        if (file.Length > FileBytesMax) problem = $"more than {FileBytesMax} bytes";
        else if (file.Length > 0 && file[0] == 0x30) ders.Add(file.ToArray());
        else problem = ReadPem(Encoding.Latin1.GetString(file), ders);

        var lists = ImmutableArray.CreateBuilder<RevocationList>(ders.Count);
        var index = new HashSet<UInt128>();
        foreach (var der in ders)
        {
            if (problem is not null) break;
            if (TryRead(der, index) is { } list) lists.Add(list);
            else problem = "a revocation list is malformed";
        }
        if (problem is null && lists.Count == 0) problem = "no revocation list";
        return problem is null ? new RevocationLists(lists.ToImmutable(), index) : null;
    }

    /// <summary>What names a certificate to its issuer, short enough to be kept with every connection.</summary>
    public static UInt128 KeyOf(CertificateFacts certificate) => KeyOf(certificate.IssuerDer.Span, certificate.SerialNumber);

    public bool IsRevoked(CertificateFacts certificate) => revoked.Contains(KeyOf(certificate));

    /// <summary>Whether any certificate of a chain is on a list.</summary>
    public bool IsRevoked(ImmutableArray<UInt128> chainKeys)
    {
        if (chainKeys.IsDefault) return false;
        foreach (var key in chainKeys)
        {
            if (revoked.Contains(key)) return true;
        }
        return false;
    }

    /// <summary>The first half of a hash over issuer and serial number: 16 bytes instead of two names, and no certificate needs to be kept.</summary>
    private static UInt128 KeyOf(ReadOnlySpan<byte> issuerDer, BigInteger serial)
    {
        byte[] named = [.. issuerDer, .. serial.ToByteArray(isBigEndian: true)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(named, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static string? ReadPem(ReadOnlySpan<char> pem, List<ReadOnlyMemory<byte>> lists)
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

    private static RevocationList? TryRead(ReadOnlyMemory<byte> der, HashSet<UInt128> index)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var list = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var tbs = list.ReadSequence();
            if (tbs.PeekTag().HasSameClassAndValue(Asn1Tag.Integer)) tbs.ReadInteger();
            tbs.ReadSequence(); // Signature algorithm.
            var issuer = tbs.ReadEncodedValue();
            var thisUpdate = ReadTime(tbs);
            DateTimeOffset? nextUpdate = IsTime(tbs) ? ReadTime(tbs) : null; // An old list still revokes what it revokes.
            var count = 0;
            if (tbs.HasData && tbs.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            {
                for (var entries = tbs.ReadSequence(); entries.HasData; count++) index.Add(KeyOf(issuer.Span, entries.ReadSequence().ReadInteger()));
            }
            return new RevocationList(der, new X500DistinguishedName(issuer.Span).Name, thisUpdate, nextUpdate, count);
        }
        catch (Exception problem) when (problem is AsnContentException or CryptographicException)
        {
            return null; // The readers have no other way to say that bytes are malformed.
        }
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private static bool IsTime(AsnReader reader) => reader.HasData
        && (reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || reader.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime));
}
