namespace Mesh.Model.Decisions;

/// <summary>The ports the proxy itself listens on in a pod; nobody may be sent there through it.</summary>
public static class MeshPorts
{
    public const ushort Outbound = 15001;
    public const ushort InboundPlaintext = 15006;
    public const ushort InboundHbone = 15008;
    public const ushort Socks = 15080;

    public static bool IsOwn(ushort port, bool socksEnabled) =>
        port is Outbound or InboundPlaintext or InboundHbone || (socksEnabled && port == Socks);
}
