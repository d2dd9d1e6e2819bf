using Mesh.Http2.Frames;

namespace Mesh.Http2.Tests;

/// <summary>One engine with its recorder and what it wants to send.</summary>
internal sealed class End(Http2Role role, Http2Options? options = null)
{
    public Http2Engine Engine { get; } = new(role, options ?? new Http2Options());
    public Recorder Seen { get; } = new();

    /// <summary>DATA and control output in the order they were produced.</summary>
    private readonly MemoryStream sent = new();

    public byte[] TakeOutput()
    {
        FlushControl();
        var bytes = sent.ToArray();
        sent.SetLength(0);
        return bytes;
    }

    public bool Receive(ReadOnlySpan<byte> bytes) => Engine.Receive(bytes, Seen);

    public int Open(string authority = "10.0.0.1:80", params (string Name, string Value)[] more)
    {
        Assert.Equal(OpenOutcome.Opened, TryOpen(authority, out var streamId, more));
        return streamId;
    }

    public OpenOutcome TryOpen(string authority, out int streamId, params (string Name, string Value)[] more)
    {
        var builder = new HeaderBuilder(new byte[32 * 1024]);
        builder.Add(":method"u8, "CONNECT"u8, HeaderIndexing.Remember);
        builder.Add(":authority"u8, System.Text.Encoding.ASCII.GetBytes(authority));
        foreach (var (name, value) in more)
        {
            builder.Add(System.Text.Encoding.ASCII.GetBytes(name), System.Text.Encoding.ASCII.GetBytes(value));
        }

        Assert.False(builder.Overflowed);
        return Engine.OpenConnectStream(builder.Fields, out streamId);
    }

    /// <summary>Sends as much as the windows allow; answers how much.</summary>
    public int Send(int streamId, ReadOnlySpan<byte> bytes, bool end = false)
    {
        var total = 0;
        while (bytes.Length > 0 || end)
        {
            FlushControl();
            var taken = Engine.TakeSendWindow(streamId, bytes.Length);
            if (taken == 0 && bytes.Length > 0) break;
            var last = end && taken == bytes.Length;
            var header = new byte[FrameHeader.Size];
            if (!Engine.WriteDataHeader(header, streamId, taken, last)) break;
            sent.Write(header);
            sent.Write(bytes[..taken]);
            bytes = bytes[taken..];
            total += taken;
            if (last) break;
        }

        return total;
    }

    private void FlushControl()
    {
        var buffer = new byte[Engine.PendingControlBytes];
        Assert.Equal(buffer.Length, Engine.TakeControl(buffer));
        sent.Write(buffer);
    }
}
