namespace Mesh.Ztunnel.Socks;

/// <summary>What came of reading a message of a SOCKS5 client.</summary>
internal enum SocksRead
{
    Complete,

    /// <summary>The message is as long as is told by now, or longer.</summary>
    NeedMoreBytes,
    Violation,
}
