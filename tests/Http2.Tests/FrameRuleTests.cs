namespace Mesh.Http2.Tests;

/// <summary>RFC 9113, 4 to 6: which frame is legal when, as tables of what a peer sends and what becomes of it.</summary>
public sealed class FrameRuleTests
{
    private const int Data = 0, HeadersType = 1, Priority = 2, RstStream = 3, SettingsType = 4, PushPromise = 5, PingType = 6, GoAwayType = 7,
        WindowUpdate = 8, Continuation = 9;

    /// <summary>Against a server on which stream 1 is open, 3 is ended by us and the peer, 5 is half-closed by the peer; 7 is idle.</summary>
    public static TheoryData<string, byte[], ErrorCode, EndReason> ConnectionErrors => new()
    {
        { "4.2 frame too large", Wire.FrameOfLength(1_048_577, Data, 0, 1), ErrorCode.FrameSizeError, EndReason.FrameTooLarge },
        { "6.1 DATA on stream 0", Wire.Data(0, 1), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.1 DATA on an idle stream", Wire.Data(7, 1), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
        { "6.1 DATA on the server's idle stream", Wire.Data(2, 1), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
        { "6.1 padding fills the frame", Wire.Frame(Data, 8, 1, 3, 0, 0), ErrorCode.ProtocolError, EndReason.PaddingTooLong },
        { "6.1 no pad length", Wire.Frame(Data, 8, 1), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.2 HEADERS on stream 0", Wire.Connect(0), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "5.1.1 HEADERS on an even stream", Wire.Connect(8), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "5.1.1 HEADERS on an ended stream", Wire.Connect(3), ErrorCode.StreamClosed, EndReason.HeadersOnClosedStream },
        { "6.2 padding beyond HEADERS", Wire.Frame(HeadersType, 0xC, 7, 9, 0x82), ErrorCode.ProtocolError, EndReason.PaddingTooLong },
        { "6.2 HEADERS too short for its priority", Wire.Frame(HeadersType, 0x24, 7, 0, 0), ErrorCode.ProtocolError, EndReason.PaddingTooLong },
        { "4.3 block that does not decode", Wire.Frame(HeadersType, 4, 7, 0x80), ErrorCode.CompressionError, EndReason.HeaderBlockUndecodable },
        { "6.3 PRIORITY on stream 0", Wire.Frame(Priority, 0, 0, 0, 0, 0, 0, 0), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.3 PRIORITY of 4 bytes", Wire.Frame(Priority, 0, 1, 0, 0, 0, 0), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.4 RST_STREAM on stream 0", Wire.Rst(0), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.4 RST_STREAM on an idle stream", Wire.Rst(7), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
        { "6.4 RST_STREAM of 3 bytes", Wire.Frame(RstStream, 0, 1, 0, 0, 0), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.5 SETTINGS on a stream", Wire.Frame(SettingsType, 0, 1), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.5 SETTINGS of 5 bytes", Wire.Frame(SettingsType, 0, 0, 0, 0, 0, 0, 0), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.5 SETTINGS ack with payload", Wire.Frame(SettingsType, 1, 0, 0, 4, 0, 0, 0, 0), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.5.2 ENABLE_PUSH 2", Wire.Settings((2, 2)), ErrorCode.ProtocolError, EndReason.SettingInvalid },
        { "6.5.2 INITIAL_WINDOW_SIZE 2^31", Wire.Settings((4, 0x8000_0000)), ErrorCode.FlowControlError, EndReason.SettingInvalid },
        { "6.5.2 MAX_FRAME_SIZE 16383", Wire.Settings((5, 16_383)), ErrorCode.ProtocolError, EndReason.SettingInvalid },
        { "6.5.2 MAX_FRAME_SIZE 2^24", Wire.Settings((5, 16_777_216)), ErrorCode.ProtocolError, EndReason.SettingInvalid },
        { "6.6 PUSH_PROMISE", Wire.Frame(PushPromise, 4, 1, 0, 0, 0, 2), ErrorCode.ProtocolError, EndReason.PushRefused },
        { "6.7 PING on a stream", Wire.Frame(PingType, 0, 1, new byte[8]), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.7 PING of 7 bytes", Wire.Frame(PingType, 0, 0, new byte[7]), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.8 GOAWAY on a stream", Wire.Frame(GoAwayType, 0, 1, new byte[8]), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "6.8 GOAWAY of 7 bytes", Wire.Frame(GoAwayType, 0, 0, new byte[7]), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.9 WINDOW_UPDATE by 0 on the connection", Wire.Window(0, 0), ErrorCode.ProtocolError, EndReason.WindowIncrementZero },
        { "6.9 WINDOW_UPDATE on an idle stream", Wire.Window(7, 1), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
        { "6.9 WINDOW_UPDATE of 3 bytes", Wire.Frame(WindowUpdate, 0, 1, 0, 0, 1), ErrorCode.FrameSizeError, EndReason.FrameLengthWrong },
        { "6.9.1 connection's window overflows", Wire.Window(0, 0x7fff_ffff), ErrorCode.FlowControlError, EndReason.WindowOverflow },
        { "6.9.2 first window overflows a stream", Wire.Join(Wire.Window(1, 1), Wire.Settings((4, 0x7fff_ffff))), ErrorCode.FlowControlError, EndReason.WindowOverflow },
        { "6.10 CONTINUATION of nothing", Wire.Frame(Continuation, 4, 1, 0x82), ErrorCode.ProtocolError, EndReason.ContinuationUnexpected },
        { "6.2 a block is interrupted", Wire.Join(Wire.Frame(HeadersType, 0, 7, 0x82), Wire.Ping()), ErrorCode.ProtocolError, EndReason.ContinuationMissing },
        { "6.10 another stream continues", Wire.Join(Wire.Frame(HeadersType, 0, 7, 0x82), Wire.Frame(Continuation, 4, 9, 0x82)), ErrorCode.ProtocolError, EndReason.ContinuationMissing },
        { "5.5 an unknown frame interrupts a block", Wire.Join(Wire.Frame(HeadersType, 0, 7, 0x82), Wire.Frame(0xbb, 0, 7)), ErrorCode.ProtocolError, EndReason.ContinuationMissing },
    };

    [Theory]
    [MemberData(nameof(ConnectionErrors))]
    public void A_frame_that_breaks_the_connection_ends_it(string rule, byte[] frames, ErrorCode code, EndReason reason)
    {
        foreach (var cut in new[] { 1, 5, int.MaxValue })
        {
            var peer = ServerWithStreams();
            for (var at = 0; at < frames.Length; at += Math.Min(cut, frames.Length - at))
            {
                peer.Say(frames[at..Math.Min(frames.Length, at + Math.Min(cut, frames.Length - at))]);
            }

            Assert.True(peer.Engine.IsEnded, rule);
            peer.AssertEnded(code, reason);
            Assert.False(peer.End.Receive(Wire.Ping()));
        }
    }

    public static TheoryData<string, byte[], int, ErrorCode, ResetReason> StreamErrors => new()
    {
        { "5.1 DATA after END_STREAM", Wire.Data(5, 1), 5, ErrorCode.StreamClosed, ResetReason.FrameAfterEnd },
        { "5.1 HEADERS after END_STREAM", Wire.Connect(5), 5, ErrorCode.StreamClosed, ResetReason.FrameAfterEnd },
        { "8.5 HEADERS on a tunnel", Wire.Headers(1, true, ("grpc-status", "0")), 1, ErrorCode.ProtocolError, ResetReason.FrameForbidden },
        { "6.9 WINDOW_UPDATE by 0 on a stream", Wire.Window(1, 0), 1, ErrorCode.ProtocolError, ResetReason.WindowIncrementZero },
        { "6.9.1 a stream's window overflows", Wire.Window(1, 0x7fff_ffff), 1, ErrorCode.FlowControlError, ResetReason.WindowOverflow },
    };

    [Theory]
    [MemberData(nameof(StreamErrors))]
    public void A_frame_that_breaks_a_stream_resets_that_stream_alone(string rule, byte[] frames, int streamId, ErrorCode code, ResetReason reason)
    {
        var peer = ServerWithStreams().Say(frames);
        Assert.Equal((rule, streamId, code, reason), (rule, peer.End.Seen.Resets.Single().StreamId, peer.End.Seen.Resets[0].Code, peer.End.Seen.Resets[0].Reason));
        peer.AssertReset(streamId, code);
        peer.Say(Wire.Connect(9));
        Assert.Contains(9, peer.End.Seen.Requests);
    }

    public static TheoryData<string, byte[]> Harmless => new()
    {
        { "5.5 unknown frame", Wire.Frame(0xbb, 0xff, 1, 1, 2, 3) },
        { "5.5 unknown frame on the connection", Wire.Frame(0x20, 0, 0) },
        { "6.3 PRIORITY on an idle stream", Wire.Frame(Priority, 0, 99, 0, 0, 0, 0, 1) },
        { "6.5.2 unknown setting", Wire.Settings((0xfff, 1)) },
        { "5.1 WINDOW_UPDATE on an ended stream", Wire.Window(3, 10) },
        { "5.1 RST_STREAM on an ended stream", Wire.Rst(3) },
        { "6.7 an answer to no question", Wire.Ping(ack: true) },
        { "6.8 GOAWAY with debug data", Wire.Frame(GoAwayType, 0, 0, new byte[5000]) },
        { "6.1 padded DATA", Wire.Frame(Data, 8, 1, 2, 42, 0, 0) },
        { "6.1 nothing but padding", Wire.Frame(Data, 8, 1, 2, 0, 0) },
        { "4.1 reserved bit", Wire.FrameOfLength(8, PingType, 0, unchecked((int)0x8000_0000), new byte[8]) },
    };

    [Theory]
    [MemberData(nameof(Harmless))]
    public void A_frame_that_means_nothing_changes_nothing(string rule, byte[] frames)
    {
        var peer = ServerWithStreams().Say(frames);
        Assert.False(peer.Engine.IsEnded, rule + ": " + peer.Engine.Fault.Text);
        Assert.Empty(peer.End.Seen.Resets);
        peer.Say(Wire.Data(1, 3));
        Assert.False(peer.Engine.IsEnded, rule);
    }

    [Theory]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("X")]
    public void A_server_refuses_another_preface(string text)
    {
        var server = new End(Http2Role.Server);
        Assert.False(server.Receive(System.Text.Encoding.ASCII.GetBytes(text)));
        Assert.Equal(EndReason.PrefaceInvalid, server.Engine.Fault.Reason);
    }

    [Fact]
    public void The_first_frame_must_be_settings_on_both_sides()
    {
        var server = new End(Http2Role.Server);
        Assert.False(server.Receive(Wire.Join(Wire.Preface, Wire.Ping())));
        Assert.Equal(EndReason.FirstFrameNotSettings, server.Engine.Fault.Reason);
        var client = new End(Http2Role.Client);
        Assert.False(client.Receive(Wire.SettingsAck));
        Assert.Equal(EndReason.FirstFrameNotSettings, client.Engine.Fault.Reason);
    }

    /// <summary>Against a client that has opened stream 1.</summary>
    public static TheoryData<string, byte[], ErrorCode, EndReason> ClientConnectionErrors => new()
    {
        { "6.5.2 a server enables push", Wire.Settings((2, 1)), ErrorCode.ProtocolError, EndReason.SettingInvalid },
        { "6.6 PUSH_PROMISE", Wire.Frame(PushPromise, 4, 1, 0, 0, 0, 2, 0x82), ErrorCode.ProtocolError, EndReason.PushRefused },
        { "5.1 an answer to nothing", Wire.Response(3), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
        { "5.1.1 a server opens a stream", Wire.Response(2), ErrorCode.ProtocolError, EndReason.StreamIdWrong },
        { "5.1 RST_STREAM of nothing", Wire.Rst(3), ErrorCode.ProtocolError, EndReason.FrameOnIdleStream },
    };

    [Theory]
    [MemberData(nameof(ClientConnectionErrors))]
    public void A_client_holds_its_server_to_the_rules(string rule, byte[] frames, ErrorCode code, EndReason reason)
    {
        var peer = Peer.OfClient();
        peer.End.Open();
        peer.Say(frames);
        Assert.True(peer.Engine.IsEnded, rule);
        peer.AssertEnded(code, reason);
    }

    [Fact]
    public void Data_before_the_answer_is_refused()
    {
        var peer = Peer.OfClient();
        var stream = peer.End.Open();
        peer.Say(Wire.Data(stream, 5));
        peer.AssertReset(stream, ErrorCode.ProtocolError);
        Assert.Empty(peer.End.Seen.DataOf(stream));
    }

    [Fact]
    public void Informational_answers_come_before_the_final_one()
    {
        var peer = Peer.OfClient();
        var stream = peer.End.Open();
        peer.Say(Wire.Response(stream, 103), Wire.Response(stream), Wire.Data(stream, 2));
        Assert.Equal([$"response {stream} :status=103;", $"response {stream} :status=200;"], peer.End.Seen.Lines.Where(l => l.StartsWith("resp", StringComparison.Ordinal)));
        Assert.Equal(2, peer.End.Seen.DataOf(stream).Length);
    }

    [Fact]
    public void A_late_answer_to_a_stream_we_reset_is_ignored_and_keeps_the_tables_in_step()
    {
        var peer = Peer.OfClient();
        var first = peer.End.Open();
        var second = peer.End.Open();
        peer.Engine.Reset(first, ErrorCode.Cancel);
        byte[] remembered = [0x40, 0x01, (byte)'a', 0x01, (byte)'b'];
        peer.Say(Wire.Frame(HeadersType, 4, first, [0x88, .. remembered]), Wire.Data(first, 100), Wire.Frame(HeadersType, 4, second, 0x88, 0xbe));
        Assert.Contains($"response {second} :status=200;a=b;", peer.End.Seen.Lines);
        Assert.False(peer.Engine.IsEnded);
        Assert.Equal(2, peer.Engine.Counters.ClosedStreamFrames);
        Assert.DoesNotContain(peer.Heard(), f => f.Type == Http2.Frames.FrameType.GoAway);
    }

    [Fact]
    public void A_goaway_names_the_streams_that_may_be_repeated_elsewhere()
    {
        var peer = Peer.OfClient();
        for (var i = 0; i < 5; i++) peer.End.Open();
        peer.Say(Wire.GoAway(5));
        Assert.Equal([7, 9], peer.End.Seen.Resets.Select(r => r.StreamId).Order());
        Assert.All(peer.End.Seen.Resets, r => Assert.Equal(ResetReason.NotProcessed, r.Reason));
        Assert.Equal(3, peer.Engine.ActiveStreams);
        Assert.Equal(OpenOutcome.GoingAway, peer.End.TryOpen("10.0.0.1:80", out _));
    }

    private static Peer ServerWithStreams()
    {
        var peer = Peer.OfServer();
        peer.Say(Wire.Connect(1), Wire.Connect(3, end: true));
        peer.Engine.Respond(3, 200, default, endStream: true);
        peer.Say(Wire.Connect(5, end: true));
        peer.End.TakeOutput();
        Assert.False(peer.Engine.IsEnded);
        return peer;
    }
}
