using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Mesh.Identity;

/// <summary>Writes the one subject alternative name that an SVID has.</summary>
internal static class SubjectNames
{
    /// <summary>The URI exactly as given: Uri-based builders rewrite what they parse.</summary>
    public static X509Extension Uri(SpiffeId id, bool critical)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, id.ToString(), new Asn1Tag(TagClass.ContextSpecific, 6));
        }
        return new X509Extension("2.5.29.17", writer.Encode(), critical);
    }
}
