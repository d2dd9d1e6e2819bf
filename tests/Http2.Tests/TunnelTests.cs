using System.Text;

namespace Mesh.Http2.Tests;

/// <summary>Whole stories between two of our engines.</summary>
public sealed class TunnelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(4096)]
    [InlineData(int.MaxValue)]
    public void A_tunnel_carries_bytes_both_ways_however_they_are_cut(int cut)
    {
        var pair = new Pair(cut: cut).Settle();
        var stream = pair.Client.Open("10.1.2.3:80", ("baggage", "k8s.namespace.name=shop"));
        pair.Settle();
        Assert.Contains($"request {stream} :method=CONNECT;:authority=10.1.2.3:80;baggage=k8s.namespace.name=shop;", pair.Server.Seen.Lines);

        Assert.True(pair.Server.Engine.Respond(stream, 200, default, endStream: false));
        pair.Settle();
        Assert.Contains($"response {stream} :status=200;", pair.Client.Seen.Lines);

        Assert.Equal(5, pair.Client.Send(stream, "hello"u8, end: true));
        Assert.Equal(3, pair.Server.Send(stream, "bye"u8, end: true));
        pair.Settle();
        Assert.Equal("hello", Encoding.ASCII.GetString(pair.Server.Seen.DataOf(stream)));
        Assert.Equal("bye", Encoding.ASCII.GetString(pair.Client.Seen.DataOf(stream)));
        Assert.Equal([stream], pair.Server.Seen.Ended);
        Assert.Equal([stream], pair.Client.Seen.Ended);
        Assert.Equal(0, pair.Client.Engine.ActiveStreams);
        Assert.Equal(0, pair.Server.Engine.ActiveStreams);
        Assert.False(pair.Client.Engine.IsEnded);
        Assert.False(pair.Server.Engine.IsEnded);
    }

    [Fact]
    public void Bytes_flow_only_as_far_as_the_window_until_they_are_consumed()
    {
        var options = new Http2Options { StreamWindowBytes = 100_000, ConnectionWindowBytes = 150_000 };
        var pair = new Pair(options, options).Settle();
        var stream = pair.Client.Open();
        pair.Settle();
        pair.Server.Engine.Respond(stream, 200, default, endStream: false);
        pair.Settle();

        Assert.Equal(100_000, pair.Client.Send(stream, new byte[300_000]));
        pair.Settle();
        Assert.Equal(0, pair.Client.Engine.SendWindow(stream));
        Assert.Equal(100_000, pair.Server.Seen.DataOf(stream).Length);

        pair.Server.Engine.Consumed(stream, 49_999);
        pair.Settle();
        Assert.Equal(0, pair.Client.Engine.SendWindow(stream));
        pair.Server.Engine.Consumed(stream, 1);
        pair.Settle();
        Assert.Equal(50_000, pair.Client.Engine.SendWindow(stream));
        Assert.Contains($"window {stream}", pair.Client.Seen.Lines);
    }

    [Fact]
    public void What_a_reset_stream_had_not_consumed_goes_back_to_the_connection()
    {
        var options = new Http2Options { StreamWindowBytes = 100_000, ConnectionWindowBytes = 100_000 };
        var pair = new Pair(options, options).Settle();
        var first = pair.Client.Open();
        pair.Settle();
        pair.Client.Send(first, new byte[100_000]);
        pair.Settle();
        var second = pair.Client.Open();
        Assert.Equal(0, pair.Client.Engine.SendWindow(second));

        pair.Server.Engine.Reset(first, ErrorCode.Cancel);
        pair.Settle();
        Assert.Equal(100_000, pair.Client.Engine.SendWindow(second));
        Assert.Equal([(first, ErrorCode.Cancel, ResetReason.ByPeer)], pair.Client.Seen.Resets);
    }

    [Fact]
    public void A_drain_lets_streams_finish_and_takes_no_new_ones()
    {
        var pair = new Pair().Settle();
        var stream = pair.Client.Open();
        pair.Settle();
        pair.Server.Engine.Drain();
        pair.Settle();

        Assert.Equal(OpenOutcome.GoingAway, pair.Client.TryOpen("10.0.0.1:80", out _));
        Assert.Equal(["goaway 2147483647 NoError", $"goaway {stream} NoError"], pair.Client.Seen.Lines.Where(l => l.StartsWith("goaway", StringComparison.Ordinal)));
        pair.Server.Engine.Respond(stream, 200, default, endStream: false);
        pair.Client.Send(stream, "x"u8, end: true);
        pair.Server.Send(stream, "y"u8, end: true);
        pair.Settle();
        Assert.Equal([stream], pair.Client.Seen.Ended);
        Assert.Equal(0, pair.Server.Engine.ActiveStreams);
        Assert.Equal(1, pair.Server.Engine.Counters.StreamsAccepted);
    }

    [Fact]
    public void A_stream_opened_while_the_server_drains_is_told_to_go_elsewhere()
    {
        var pair = new Pair().Settle();
        pair.Client.Open();
        pair.Settle();
        pair.Server.Engine.Drain();
        var goAway = pair.Server.TakeOutput();
        pair.Client.Receive(goAway);
        var pong = pair.Client.TakeOutput();
        pair.Server.Receive(pong);
        var late = new End(Http2Role.Client);
        late.TakeOutput();
        late.Receive(new End(Http2Role.Server).TakeOutput());
        late.TakeOutput();
        late.Open();
        late.TakeOutput();
        var second = late.Open();
        pair.Server.Receive(late.TakeOutput());

        Assert.Equal([1], pair.Server.Seen.Requests);
        late.Receive(pair.Server.TakeOutput());
        Assert.Contains((second, ErrorCode.RefusedStream, ResetReason.NotProcessed), late.Seen.Resets);
    }

    [Fact]
    public void A_refusal_is_an_ordinary_response()
    {
        var pair = new Pair().Settle();
        var stream = pair.Client.Open();
        pair.Settle();
        pair.Server.Engine.Respond(stream, 401, default, endStream: true);
        pair.Client.Send(stream, default, end: true);
        pair.Settle();
        Assert.Contains($"response {stream} :status=401; end", pair.Client.Seen.Lines);
        Assert.Equal(0, pair.Client.Engine.ActiveStreams + pair.Server.Engine.ActiveStreams);
    }

    [Fact]
    public void Streams_beyond_the_limit_are_not_opened_until_one_ends()
    {
        var pair = new Pair(server: new Http2Options { PeerStreamsMax = 2 }).Settle();
        var first = pair.Client.Open();
        pair.Client.Open();
        Assert.Equal(0, pair.Client.Engine.StreamsToOpen);
        Assert.Equal(OpenOutcome.TooManyStreams, pair.Client.TryOpen("10.0.0.1:80", out _));
        pair.Client.Engine.Reset(first, ErrorCode.Cancel);
        pair.Settle();
        Assert.Equal(1, pair.Client.Engine.StreamsToOpen);
        pair.Client.Open();
        pair.Settle();
        Assert.Equal(2, pair.Server.Engine.ActiveStreams);
        Assert.Empty(pair.Client.Seen.Resets);
    }

    [Fact]
    public void Ten_thousand_streams_in_turn_leave_nothing_behind()
    {
        var pair = new Pair().Settle();
        pair.Server.Seen.DataSeen = (id, n) => pair.Server.Engine.Consumed(id, n);
        for (var i = 0; i < 10_000; i++)
        {
            var stream = pair.Client.Open();
            pair.Client.Send(stream, "x"u8, end: true);
            pair.Server.Receive(pair.Client.TakeOutput());
            pair.Server.Engine.Respond(stream, 200, default, endStream: true);
            pair.Client.Receive(pair.Server.TakeOutput());
            Assert.Equal(0, pair.Client.Engine.ActiveStreams);
            Assert.Equal(0, pair.Server.Engine.ActiveStreams);
        }

        Assert.False(pair.Server.Engine.IsEnded);
    }
}
