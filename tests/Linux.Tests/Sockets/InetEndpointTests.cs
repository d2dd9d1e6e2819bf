using System.Net;
using Mesh.Linux.Sockets;

namespace Mesh.Linux.Tests.Sockets;

public sealed class InetEndpointTests
{
    [Theory]
    [InlineData("10.1.2.3", 80)]
    [InlineData("fd16:9254:7127:1337:ffff:ffff:ffff:ffff", 15008)]
    [InlineData("::", 0)]
    [InlineData("0.0.0.0", 65535)]
    public void A_socket_address_survives_writing_and_reading(string address, int port)
    {
        var endpoint = InetEndpoint.From(IPAddress.Parse(address), (ushort)port);
        Span<byte> bytes = stackalloc byte[InetEndpoint.SizeMax];
        var length = endpoint.Write(bytes);
        Assert.True(InetEndpoint.TryRead(bytes[..length], out var read));
        Assert.Equal(endpoint, read);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), read.ToIPEndPoint());
    }

    [Fact]
    public void A_mapped_address_is_held_as_IPv4()
    {
        var endpoint = InetEndpoint.From(IPAddress.Parse("::ffff:10.0.0.1"), 1);
        Assert.False(endpoint.IsV6);
        Span<byte> bytes = stackalloc byte[InetEndpoint.SizeMax];
        Assert.Equal(28, endpoint.Write(bytes, asV6: true));
        Assert.True(InetEndpoint.TryRead(bytes, out var read));
        Assert.Equal(endpoint, read);
    }

    [Fact]
    public void Truncated_and_foreign_addresses_are_refused()
    {
        Span<byte> bytes = stackalloc byte[InetEndpoint.SizeMax];
        InetEndpoint.LoopbackV6(1).Write(bytes);
        for (var i = 0; i < bytes.Length; i++) Assert.False(InetEndpoint.TryRead(bytes[..i], out _));
        bytes[0] = 1; // A UNIX socket.
        Assert.False(InetEndpoint.TryRead(bytes, out _));
    }
}
