namespace Mesh.Ztunnel.Socks;

/// <summary>What a SOCKS5 client is told (RFC 1928, 6).</summary>
internal enum SocksReply : byte
{
    Succeeded = 0,
    Failure = 1,

    /// <summary>The name has no address.</summary>
    HostUnreachable = 4,

    /// <summary>Anything that is not a CONNECT without authentication.</summary>
    NotSupported = 7,
}
