using Mesh.Linux.Sockets;

namespace Mesh.Ztunnel.Dns;

/// <summary>A client that waits for its datagram.</summary>
internal sealed class DnsUdpClient(DnsUdpListener listener, InetEndpoint address) : DnsClient
{
    public override bool IsTcp => false;

    public override void Send(ReadOnlySpan<byte> answer) => listener.Send(answer, address);
}
