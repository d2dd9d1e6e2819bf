namespace Mesh.Http2.Rules;

/// <summary>Whether fields form the message they claim to be (RFC 9113, 8).</summary>
internal enum HeaderVerdict
{
    WellFormed,
    NameInvalid,
    ValueInvalid,
    PseudoAfterRegular,
    PseudoRepeated,
    PseudoUnknown,
    PseudoMissing,
    PseudoForbidden,
    ConnectionSpecific,
    StatusInvalid,
}
