namespace Mesh.Http2.Tests;

/// <summary>Each thing a hostile peer can do without end meets its named limit.</summary>
public sealed class FloodTests
{
    public static TheoryData<string, byte[], EndReason> Floods => new()
    {
        { "settings", Wire.Settings((3, 10)), EndReason.SettingsFlood },
        { "ping", Wire.Ping(), EndReason.PingFlood },
        { "priority", Wire.Frame(2, 0, 9, 0, 0, 0, 0, 0), EndReason.PriorityFlood },
        { "empty data", Wire.Data(1, 0), EndReason.EmptyDataFlood },
        { "unknown frames", Wire.Frame(0x77, 0, 0, 1), EndReason.UnknownFrameFlood },
        { "empty data on an ended stream", Wire.Data(3, 0, end: true), EndReason.EmptyDataFlood },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_flood_ends_the_connection(string flood, byte[] frame, EndReason reason)
    {
        var peer = Server();
        var sent = 0;
        while (!peer.Engine.IsEnded && sent++ < 5000)
        {
            peer.Say(frame);
            peer.End.TakeOutput();
        }

        Assert.Equal((flood, ErrorCode.EnhanceYourCalm, reason), (flood, peer.Engine.Fault.Code, peer.Engine.Fault.Reason));
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_steady_trickle_of_the_same_is_tolerated(string flood, byte[] frame, EndReason reason)
    {
        var peer = Server();
        for (var second = 0; second < 2000; second++)
        {
            peer.Say(frame);
            peer.End.TakeOutput();
            Assert.True(peer.Engine.OnTick(TimeSpan.FromSeconds(second)), $"{flood}: {peer.Engine.Fault.Text}");
        }

        Assert.NotEqual(reason, peer.Engine.Fault.Reason);
    }

    [Fact]
    public void Streams_that_are_opened_and_reset_at_once_end_the_connection()
    {
        var peer = Peer.OfServer();
        var id = 1;
        for (; !peer.Engine.IsEnded && id < 10_000; id += 2) peer.Say(Wire.Connect(id), Wire.Rst(id));
        peer.AssertEnded(ErrorCode.EnhanceYourCalm, EndReason.RapidReset);
        Assert.Equal(new Http2Limits().RapidResets.Burst + 1, peer.Engine.Counters.RapidResets);
    }

    [Fact]
    public void Streams_that_were_answered_may_be_reset_as_often_as_their_user_likes()
    {
        var peer = Peer.OfServer();
        for (var id = 1; id < 20_000; id += 2)
        {
            peer.Say(Wire.Connect(id));
            Assert.True(peer.Engine.Respond(id, 200, default, endStream: false));
            peer.Say(Wire.Rst(id));
            peer.End.TakeOutput();
        }

        Assert.False(peer.Engine.IsEnded);
    }

    [Fact]
    public void Data_on_many_ended_streams_ends_the_connection()
    {
        var peer = Peer.OfServer();
        var ids = Enumerable.Range(0, 600).Select(i => 1 + 2 * i).ToArray();
        foreach (var id in ids)
        {
            peer.Say(Wire.Connect(id, end: true));
            peer.Engine.Respond(id, 200, default, endStream: true);
        }

        foreach (var id in ids) peer.Say(Wire.Data(id, 1));
        peer.AssertEnded(ErrorCode.EnhanceYourCalm, EndReason.ClosedStreamFlood);
    }

    [Fact]
    public void Malformed_requests_without_end_end_the_connection()
    {
        var peer = Peer.OfServer();
        for (var id = 1; !peer.Engine.IsEnded && id < 10_000; id += 2)
        {
            peer.Say(Wire.Headers(id, false, (":method", "CONNECT")));
            peer.End.TakeOutput();
        }

        Assert.Equal(EndReason.StreamFaultFlood, peer.Engine.Fault.Reason);
    }

    [Fact]
    public void Continuations_are_limited_in_number_and_in_bytes()
    {
        var peer = Peer.OfServer().Say(Wire.Frame(1, 0, 1, 0x82));
        for (var i = 0; i <= new Http2Limits().ContinuationsMax; i++) peer.Say(Wire.Frame(9, 0, 1));
        peer.AssertEnded(ErrorCode.EnhanceYourCalm, EndReason.ContinuationFlood);

        peer = Peer.OfServer().Say(Wire.Frame(1, 0, 1, 0x82), Wire.Frame(9, 0, 1, new byte[64 * 1024]));
        peer.AssertEnded(ErrorCode.EnhanceYourCalm, EndReason.HeaderBlockTooLarge);

        peer = Peer.OfServer().Say(Wire.Frame(1, 0, 1, new byte[66 * 1024]));
        peer.AssertEnded(ErrorCode.EnhanceYourCalm, EndReason.HeaderBlockTooLarge);
    }

    [Fact]
    public void A_block_in_as_many_continuations_as_allowed_is_put_together()
    {
        var fields = Wire.Block((":method", "CONNECT"), (":authority", "10.0.0.1:80"));
        var peer = Peer.OfServer().Say(Wire.Frame(1, 0, 1, fields[..1]));
        for (var i = 1; i < 15; i++) peer.Say(Wire.Frame(9, 0, 1, fields[i..(i + 1)]));
        peer.Say(Wire.Frame(9, 4, 1, fields[15..]));
        Assert.Equal([1], peer.End.Seen.Requests);
    }

    [Fact]
    public void A_header_list_that_is_too_large_costs_its_stream_only()
    {
        var options = new Http2Options { Limits = new Http2Limits { HeaderListBytesMax = 4096 } };
        var peer = Peer.OfServer(options).Say(Wire.Headers(1, false, (":method", "CONNECT"), (":authority", "a:1"), ("a", new string('x', 3000)), ("b", new string('x', 3000))));
        peer.AssertReset(1, ErrorCode.EnhanceYourCalm);
        Assert.Empty(peer.End.Seen.Requests);
        peer.Say(Wire.Connect(3));
        Assert.Equal([3], peer.End.Seen.Requests);
    }

    [Fact]
    public void More_streams_than_announced_are_refused_and_may_be_repeated()
    {
        var peer = Peer.OfServer(new Http2Options { PeerStreamsMax = 2 }).Say(Wire.Connect(1), Wire.Connect(3), Wire.Connect(5));
        peer.AssertReset(5, ErrorCode.RefusedStream);
        Assert.Equal([1, 3], peer.End.Seen.Requests);
        Assert.Equal(1, peer.Engine.Counters.StreamsRefused);
    }

    [Fact]
    public void Ended_streams_whose_bytes_nobody_consumed_cannot_pile_up()
    {
        var peer = Peer.OfServer(new Http2Options { PeerStreamsMax = 10, OwnStreamsMax = 10 });
        for (var id = 1; id < 200; id += 2)
        {
            peer.Say(Wire.Connect(id), Wire.Data(id, 10, end: true));
            peer.Engine.Respond(id, 200, default, endStream: true);
        }

        Assert.Equal(40, peer.End.Seen.Requests.Count);
        peer.Engine.Consumed(1, 10);
        peer.Say(Wire.Connect(201));
        Assert.Equal(41, peer.End.Seen.Requests.Count);
    }

    [Fact]
    public void More_data_than_the_windows_allow_is_refused()
    {
        var options = new Http2Options { StreamWindowBytes = 100_000, ConnectionWindowBytes = 200_000 };
        var peer = Peer.OfServer(options).Say(Wire.Connect(1), Wire.Data(1, 100_000), Wire.Data(1, 1));
        peer.AssertReset(1, ErrorCode.FlowControlError);
        Assert.Equal(ResetReason.WindowOverrun, peer.End.Seen.Resets.Single().Reason);

        peer = Peer.OfServer(options).Say(Wire.Connect(1), Wire.Connect(3), Wire.Connect(5));
        peer.Say(Wire.Data(1, 100_000), Wire.Data(3, 100_000), Wire.Data(5, 1));
        peer.AssertEnded(ErrorCode.FlowControlError, EndReason.WindowOverrun);
    }

    [Fact]
    public void A_peer_that_asks_and_never_reads_fills_no_more_than_the_bound()
    {
        var options = new Http2Options { Limits = new Http2Limits { ControlBytesMax = 1000 } };
        var peer = Peer.OfServer(options);
        for (var i = 0; i < 200; i++) peer.Say(Wire.Ping());
        Assert.Equal(EndReason.ControlBacklog, peer.Engine.Fault.Reason);
        Assert.InRange(peer.Engine.PendingControlBytes, 1, 1000 + 512);
    }

    [Fact]
    public void Padding_gives_its_window_back_at_once()
    {
        var options = new Http2Options { StreamWindowBytes = 70_000, ConnectionWindowBytes = 70_000 };
        var peer = Peer.OfServer(options).Say(Wire.Connect(1));
        var padded = Wire.Frame(0, 8, 1, [255, .. new byte[255]]);
        for (var i = 0; i < 1000; i++) peer.Say(padded);
        Assert.False(peer.Engine.IsEnded, peer.Engine.Fault.Text);
        Assert.Equal(256_000, peer.Engine.Counters.PaddingBytesReceived);
        Assert.Contains(peer.Heard(), f => f.Type == Http2.Frames.FrameType.WindowUpdate && f.StreamId == 1);
    }

    private static Peer Server()
    {
        var peer = Peer.OfServer().Say(Wire.Connect(1), Wire.Connect(3, end: true));
        peer.Engine.Respond(3, 200, default, endStream: true);
        peer.End.TakeOutput();
        return peer;
    }
}
