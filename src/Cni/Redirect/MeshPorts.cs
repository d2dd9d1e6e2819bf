namespace Mesh.Cni.Redirect;

/// <summary>Ports and marks that agent and ztunnel agree on; upstream's values, so either side may be upstream's.</summary>
internal static class MeshPorts
{
    public const ushort Outbound = 15001;
    public const ushort InboundPlaintext = 15006;
    public const ushort InboundHbone = 15008;
    public const ushort Dns = 15053;
    public const ushort PlainDns = 53;

    /// <summary>Carried by every packet of ztunnel's own sockets.</summary>
    public const uint ProxyMark = 0x539;

    /// <summary>On connections that arrived through ztunnel, so that their answers return to it.</summary>
    public const uint ReturnMark = 0x111;
    public const uint MarkMask = 0xfff;
    public const ushort DnsZone = 1;
}
