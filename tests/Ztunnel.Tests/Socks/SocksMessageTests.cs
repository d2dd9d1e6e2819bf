using System.Text;
using Mesh.Ztunnel.Socks;

namespace Mesh.Ztunnel.Tests.Socks;

public sealed class SocksMessageTests
{
    private static readonly byte[] Name = [5, 1, 0, 3, 5, .. "a.b.c"u8, 0x1F, 0x90];

    [Fact]
    public void A_greeting_needs_the_method_without_authentication()
    {
        Assert.Equal(SocksRead.Complete, SocksMessage.TryReadGreeting([5, 2, 2, 0], out var length));
        Assert.Equal(4, length);
        Assert.Equal(SocksRead.Violation, SocksMessage.TryReadGreeting([5, 1, 2], out _));
        Assert.Equal(SocksRead.Violation, SocksMessage.TryReadGreeting([5, 0], out _));
        Assert.Equal(SocksRead.Violation, SocksMessage.TryReadGreeting([4], out _));
        Assert.Equal(SocksRead.NeedMoreBytes, SocksMessage.TryReadGreeting([5, 2, 0], out length));
        Assert.Equal(4, length);
    }

    [Theory]
    [InlineData(new byte[] { 5, 1, 0, 1, 10, 0, 0, 1, 0, 80 }, "10.0.0.1", "", 80)]
    [InlineData(new byte[] { 5, 1, 0, 4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0 }, "fd00::1", "", 256)]
    [InlineData(new byte[] { 5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1, 0, 80 }, "10.0.0.1", "", 80)] // Mapped.
    [InlineData(new byte[] { 5, 1, 0, 3, 8, (byte)'1', (byte)'0', (byte)'.', (byte)'0', (byte)'.', (byte)'0', (byte)'.', (byte)'1', 0, 80 }, "10.0.0.1", "", 80)]
    [InlineData(new byte[] { 5, 1, 0, 3, 1, (byte)'a', 0, 80 }, null, "a", 80)]
    public void A_request_names_its_target(byte[] bytes, string? address, string name, int port)
    {
        Assert.Equal(SocksRead.Complete, SocksMessage.TryReadRequest(bytes, out var target, out var length));
        Assert.Equal((address, name, port, bytes.Length), (target.Address?.ToString(), target.Hostname, (int)target.Port, length));
    }

    [Theory]
    [InlineData(new byte[] { 4 })]
    [InlineData(new byte[] { 5, 2 })]
    [InlineData(new byte[] { 5, 1, 0, 2, 0 })]
    [InlineData(new byte[] { 5, 1, 0, 3, 0 })] // A name of nothing.
    [InlineData(new byte[] { 5, 1, 0, 3, 1, 0xC3, 0, 80 })]
    public void Anything_else_is_a_violation(byte[] bytes) => Assert.Equal(SocksRead.Violation, SocksMessage.TryReadRequest(bytes, out _, out _));

    [Fact]
    public void Every_truncation_asks_for_more_and_never_for_more_than_there_is()
    {
        for (var have = 0; have < Name.Length; have++)
        {
            Assert.Equal(SocksRead.NeedMoreBytes, SocksMessage.TryReadRequest(Name.AsSpan(0, have), out _, out var length));
            Assert.InRange(length, have + 1, Name.Length); // So that nothing of the application's bytes is read.
        }
    }

    [Fact]
    public void The_longest_messages_fit()
    {
        byte[] greeting = [5, 255, .. new byte[255]];
        byte[] request = [5, 1, 0, 3, 255, .. Encoding.ASCII.GetBytes(new string('a', 255)), 0, 80];
        Assert.Equal(SocksMessage.BytesMax, Math.Max(greeting.Length, request.Length));
        Assert.Equal(SocksRead.Complete, SocksMessage.TryReadGreeting(greeting, out _));
        Assert.Equal(SocksRead.Complete, SocksMessage.TryReadRequest(request, out _, out _));
    }

    [Fact]
    public void A_reply_has_ten_bytes()
    {
        var bytes = new byte[SocksMessage.ReplyBytes];
        SocksMessage.WriteReply(bytes, SocksReply.HostUnreachable);
        Assert.Equal([5, 4, 0, 1, 0, 0, 0, 0, 0, 0], bytes);
    }
}
