using Mesh.Http2.Frames;

namespace Mesh.Http2.Tests;

public sealed class TickTests
{
    [Fact]
    public void A_silent_peer_is_asked_after_ten_seconds_and_given_up_twenty_later()
    {
        var peer = Peer.OfClient();
        for (var second = 0; second < 10; second++) Assert.True(Tick(peer, second));
        Assert.Empty(peer.Heard());
        Assert.True(Tick(peer, 10));
        Assert.Equal(FrameType.Ping, peer.Heard().Single().Type);
        Assert.True(Tick(peer, 29));
        Assert.False(Tick(peer, 30));
        peer.AssertEnded(ErrorCode.NoError, EndReason.KeepAliveTimeout);
    }

    [Fact]
    public void Any_received_byte_is_a_sign_of_life()
    {
        var peer = Peer.OfServer().Say(Wire.FrameOfLength(1000, 0x99, 0, 0));
        for (var second = 0; second < 300; second++)
        {
            if (second % 9 == 0) peer.Say([0]);
            Assert.True(Tick(peer, second), peer.Engine.Fault.Text);
        }
    }

    [Fact]
    public void The_answer_to_a_keep_alive_is_not_the_owners_business()
    {
        var peer = Peer.OfClient();
        Tick(peer, 0);
        Tick(peer, 10);
        var ping = peer.End.TakeOutput();
        ping[4] = 1;
        peer.Say(ping);
        peer.Say(Wire.Ping(ack: true));
        Assert.Equal(["pong 72623859790382856"], peer.End.Seen.Lines.Where(l => l.StartsWith("pong", StringComparison.Ordinal)));
        Assert.True(Tick(peer, 31));
    }

    [Fact]
    public void A_peer_that_never_acknowledges_our_settings_is_given_up()
    {
        var client = new End(Http2Role.Client, new Http2Options { KeepAliveInterval = TimeSpan.Zero });
        client.Receive(Wire.Settings());
        Assert.True(client.Engine.OnTick(TimeSpan.FromSeconds(5)));
        Assert.False(client.Engine.OnTick(TimeSpan.FromSeconds(25)));
        Assert.Equal(ErrorCode.SettingsTimeout, client.Engine.Fault.Code);
    }

    private static bool Tick(Peer peer, int second) => peer.Engine.OnTick(TimeSpan.FromSeconds(second));
}
