using Mesh.Http2.Frames;

namespace Mesh.Http2.Tests;

/// <summary>What a frame may cost: nothing, once a connection is warm.</summary>
[Collection("allocations")]
public sealed class AllocationTests
{
    private const int Batches = 3;
    private const int Rounds = 2000;

    [Fact]
    public void Data_and_its_windows_allocate_nothing()
    {
        var events = new Sink();
        var server = new Http2Engine(Http2Role.Server, new Http2Options());
        var client = new Http2Engine(Http2Role.Client, new Http2Options());
        for (var i = 0; i < 3; i++) Exchange(client, server, events);
        var builder = new HeaderBuilder(new byte[100]);
        builder.Add(":method"u8, "CONNECT"u8);
        builder.Add(":authority"u8, "a:1"u8);
        client.OpenConnectStream(builder.Fields, out var stream);
        events.Engine = server;
        var buffer = new byte[FrameHeader.Size + 16_384];
        AssertNothingAllocated(() =>
        {
            Exchange(client, server, events);
            var length = client.TakeSendWindow(stream, 16_384);
            Check(length == 16_384);
            Check(client.WriteDataHeader(buffer, stream, length, endStream: false));
            Check(server.Receive(buffer, events));
        });
        Assert.True(server.Counters.WindowUpdatesSent > 1);
    }

    [Fact]
    public void Pings_and_their_answers_allocate_nothing()
    {
        var events = new Sink();
        var server = Warm(events);
        var ping = Wire.Ping();
        var pong = new byte[64];
        var now = TimeSpan.Zero;
        AssertNothingAllocated(() =>
        {
            Check(server.Receive(ping, events));
            Check(server.TakeControl(pong) == ping.Length);
            Check(server.OnTick(now += TimeSpan.FromSeconds(1)));
        });
    }

    [Fact]
    public void A_stream_from_request_to_end_allocates_nothing_inside_the_engine()
    {
        var events = new Sink();
        var server = Warm(events);
        var request = Wire.Connect(1, end: true);
        var answer = new byte[256];
        var id = 1;
        AssertNothingAllocated(() =>
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5), id);
            Check(server.Receive(request, events));
            Check(server.Respond(id, 200, default, endStream: true));
            Check(server.TakeControl(answer) > 0);
            id += 2;
        });
        Assert.Equal(0, server.ActiveStreams);
    }

    [Fact]
    public void An_idle_connection_is_small()
    {
        const int Connections = 1000;
        var engines = new Http2Engine[Connections];
        var scratch = new byte[4096];
        var events = new Sink();
        var options = new Http2Options();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Connections; i++) engines[i] = Warm(events, options, scratch);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / Connections;
        GC.KeepAlive(engines);
        Assert.InRange(each, 500, 3000);
    }

    private static Http2Engine Warm(Sink events, Http2Options? options = null, byte[]? scratch = null)
    {
        var server = new Http2Engine(Http2Role.Server, options ?? new Http2Options());
        server.Receive(Wire.Preface, events);
        server.Receive(Opening, events);
        server.TakeControl(scratch ?? new byte[4096]);
        return server;
    }

    private static readonly byte[] Opening = Wire.Join(Wire.Settings(), Wire.SettingsAck);
    private static readonly byte[] Pipe = new byte[64 * 1024];

    private static void Exchange(Http2Engine client, Http2Engine server, Sink events)
    {
        var length = client.TakeControl(Pipe);
        server.Receive(Pipe.AsSpan(0, length), events);
        client.Receive(Pipe.AsSpan(0, server.TakeControl(Pipe)), events);
    }

    // Assertions of the library allocate.
    private static void Check(bool ok)
    {
        if (!ok) throw new InvalidOperationException("The exchange failed.");
    }

    private static void AssertNothingAllocated(Action round)
    {
        for (var i = 0; i < 200; i++) round();
        // The runtime allocates on this thread when it recompiles a method, once; an allocation of ours is there in every batch.
        var least = long.MaxValue;
        for (var batch = 0; batch < Batches && least > 0; batch++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Rounds; i++) round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private sealed class Sink : IHttp2Events
    {
        public Http2Engine? Engine { get; set; }

        public void OnRequest(int streamId, HeaderFields fields, bool endStream) { }
        public void OnResponse(int streamId, HeaderFields fields, bool endStream) { }
        public void OnTrailers(int streamId, HeaderFields fields) { }
        public void OnData(int streamId, ReadOnlySpan<byte> payload) => Engine?.Consumed(streamId, payload.Length);
        public void OnEndOfStream(int streamId) { }
        public void OnReset(int streamId, ErrorCode code, ResetReason reason) { }
        public void OnSendWindow(int streamId) { }
        public void OnGoAway(int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData) { }
        public void OnPeerSettings() { }
        public void OnPong(ulong payload) { }
    }
}
