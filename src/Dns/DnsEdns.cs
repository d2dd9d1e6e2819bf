namespace Mesh.Dns;

/// <summary>What an OPT record says (RFC 6891, 6.1.3); its options are hop by hop and not kept.</summary>
public readonly record struct DnsEdns(ushort PayloadBytes, byte Version, bool WantsSignatures)
{
    /// <summary>Payloads below this mean this.</summary>
    public const int PayloadBytesMin = 512;
    internal const uint SignaturesBit = 0x8000;
}
