using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Numerics;

namespace Mesh.Identity;

/// <summary>
/// What the mesh needs to know of an X.509 certificate, read strictly from its DER (RFC 5280, section 4.1). Whether the certificate
/// is trusted is not decided here. Immutable.
/// </summary>
public sealed record CertificateFacts(
    BigInteger SerialNumber,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    ReadOnlyMemory<byte> IssuerDer,
    ReadOnlyMemory<byte> SubjectDer,
    ReadOnlyMemory<byte> PublicKeyInfoDer,
    ImmutableArray<string> UriNames)
{
    /// <summary>More URI names than this in one certificate are an attack, not an identity.</summary>
    public const int UriNamesMax = 32;

    private const string SubjectAlternativeName = "2.5.29.17";
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag IssuerUniqueId = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag SubjectUniqueId = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 3);
    private static readonly Asn1Tag UniformResourceIdentifier = new(TagClass.ContextSpecific, 6);

    /// <summary>The first URI name that is a SPIFFE id of our form: the identity that policy sees.</summary>
    public SpiffeId? Identity
    {
        get
        {
            foreach (var name in UriNames)
            {
                if (SpiffeId.TryParse(name) is { } id) return id;
            }
            return null;
        }
    }

    /// <summary>The facts, or null when the bytes are not one well-formed certificate.</summary>
    public static CertificateFacts? TryRead(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var certificate = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            return ReadToBeSigned(certificate.ReadSequence());
        }
        catch (AsnContentException) // AsnReader has no other way to say that a peer's bytes are malformed.
        {
            return null;
        }
    }

    private static CertificateFacts? ReadToBeSigned(AsnReader tbs)
    {
        if (tbs.HasData && tbs.PeekTag().HasSameClassAndValue(Version)) tbs.ReadSequence(Version);
        var serial = tbs.ReadInteger();
        tbs.ReadSequence(); // Signature algorithm: checked by whoever verifies the chain.
        var issuer = tbs.ReadEncodedValue();
        var validity = tbs.ReadSequence();
        var notBefore = ReadTime(validity);
        var notAfter = ReadTime(validity);
        validity.ThrowIfNotEmpty();
        var subject = tbs.ReadEncodedValue();
        var key = tbs.ReadEncodedValue();
        if (tbs.HasData && tbs.PeekTag().HasSameClassAndValue(IssuerUniqueId)) tbs.ReadEncodedValue();
        if (tbs.HasData && tbs.PeekTag().HasSameClassAndValue(SubjectUniqueId)) tbs.ReadEncodedValue();
        var names = ImmutableArray<string>.Empty;
        if (tbs.HasData)
        {
            var wrapper = tbs.ReadSequence(Extensions);
            var found = ReadUriNames(wrapper.ReadSequence());
            wrapper.ThrowIfNotEmpty();
            if (found is null) return null;
            names = found.Value;
        }
        tbs.ThrowIfNotEmpty();
        return new CertificateFacts(serial, notBefore, notAfter, issuer, subject, key, names);
    }

    private static ImmutableArray<string>? ReadUriNames(AsnReader extensions)
    {
        ImmutableArray<string>? result = null;
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var id = extension.ReadObjectIdentifier();
            if (extension.HasData && extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean)) extension.ReadBoolean();
            var value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            if (id != SubjectAlternativeName) continue;
            if (result is not null) return null; // RFC 5280, 4.2: no extension twice; two readers might pick different ones.
            result = ReadGeneralNames(value);
            if (result is null) return null;
        }
        return result ?? [];
    }

    private static ImmutableArray<string>? ReadGeneralNames(byte[] value)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        var outer = new AsnReader(value, AsnEncodingRules.DER);
        var list = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        while (list.HasData)
        {
            if (!list.PeekTag().HasSameClassAndValue(UniformResourceIdentifier))
            {
                list.ReadEncodedValue();
                continue;
            }
            if (names.Count == UriNamesMax) return null;
            names.Add(list.ReadCharacterString(UniversalTagNumber.IA5String, UniformResourceIdentifier));
        }
        return names.ToImmutable();
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
}
