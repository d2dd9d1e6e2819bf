using Mesh.Http2.Frames;

namespace Mesh.Http2.Tests;

/// <summary>An engine under test whose other side is written by hand, past the exchange of settings.</summary>
internal sealed class Peer
{
    private Peer(Http2Role role, Http2Options? options)
    {
        End = new End(role, options);
        End.TakeOutput();
        if (role == Http2Role.Server) Say(Wire.Preface);
        Say(Wire.Settings(), Wire.SettingsAck);
        End.TakeOutput();
    }

    public End End { get; }

    public Http2Engine Engine => End.Engine;

    /// <summary>A server engine; we play the client.</summary>
    public static Peer OfServer(Http2Options? options = null) => new(Http2Role.Server, options);

    /// <summary>A client engine; we play the server.</summary>
    public static Peer OfClient(Http2Options? options = null) => new(Http2Role.Client, options);

    public Peer Say(params byte[][] frames)
    {
        End.Receive(Wire.Join(frames));
        return this;
    }

    public List<FrameHeader> Heard() => Wire.Read(End.TakeOutput());

    public void AssertEnded(ErrorCode code, EndReason reason)
    {
        Assert.Equal((code, reason), (Engine.Fault.Code, Engine.Fault.Reason));
        var last = Heard()[^1];
        Assert.Equal(FrameType.GoAway, last.Type);
    }

    public void AssertReset(int streamId, ErrorCode code)
    {
        Assert.False(Engine.IsEnded, Engine.Fault.Text);
        var bytes = End.TakeOutput();
        var at = 0;
        foreach (var frame in Wire.Read(bytes))
        {
            if (frame.Type == FrameType.RstStream && frame.StreamId == streamId)
            {
                Assert.Equal(code, RstStreamFrame.Read(bytes.AsSpan(at + FrameHeader.Size)));
                return;
            }

            at += FrameHeader.Size + frame.Length;
        }

        Assert.Fail($"No RST_STREAM for {streamId}.");
    }
}
