using BenchmarkDotNet.Attributes;
using Mesh.Http2;
using Mesh.Http2.Frames;

namespace Mesh.Microbenchmarks.Http2;

/// <summary>What a DATA frame costs the receiver and the sender, and what a whole stream costs the server.</summary>
public class FrameBenchmarks
{
    private const int Streams = 64;
    private readonly Sink sink = new();
    private readonly byte[] control = new byte[64 * 1024];
    private readonly byte[] header = new byte[FrameHeader.Size];
    private Http2Engine client = null!;
    private Http2Engine server = null!;
    private byte[] data = [];
    private byte[] requests = [];
    private int stream;

    [Params(64, 16_384)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var options = new Http2Options { KeepAliveInterval = TimeSpan.Zero };
        client = new Http2Engine(Http2Role.Client, options);
        server = new Http2Engine(Http2Role.Server, options);
        Exchange();
        var builder = new HeaderBuilder(new byte[256]);
        builder.Add(":method"u8, "CONNECT"u8, HeaderIndexing.Remember);
        builder.Add(":authority"u8, "10.1.2.3:8080"u8, HeaderIndexing.Remember);
        client.OpenConnectStream(builder.Fields, out stream);
        Exchange();
        server.Respond(stream, 200, default, endStream: false);
        Exchange();
        sink.Engine = server;
        data = new byte[FrameHeader.Size + PayloadBytes];
    }

    [Benchmark]
    public bool ReceiveData()
    {
        // The client's window is never asked: what is measured is the server.
        new FrameHeader(PayloadBytes, FrameType.Data, 0, stream).Write(data);
        var alive = server.Receive(data, sink);
        if (server.PendingControlBytes > 0) server.TakeControl(control);
        return alive ? true : throw new InvalidOperationException(server.Fault.Text);
    }

    [Benchmark]
    public int FrameData()
    {
        var taken = client.TakeSendWindow(stream, PayloadBytes);
        if (taken < PayloadBytes) GrantMore();
        client.WriteDataHeader(header, stream, taken, endStream: false);
        return taken;
    }

    [Benchmark(OperationsPerInvoke = Streams)]
    public int OpenAnswerEnd()
    {
        var engine = new Http2Engine(Http2Role.Server, Options);
        engine.Receive(Requests(), sink);
        for (var id = 1; id < Streams * 2; id += 2) engine.Respond(id, 200, default, endStream: true);
        while (engine.TakeControl(control) > 0) { } // Taken and dropped: nobody reads it.
        engine.Release();
        return engine.ActiveStreams;
    }

    private static Http2Options Options { get; } = new();

    private byte[] Requests()
    {
        if (requests.Length > 0) return requests;
        var opener = new Http2Engine(Http2Role.Client, Options);
        for (var i = 0; i < Streams; i++)
        {
            var builder = new HeaderBuilder(new byte[512]);
            builder.Add(":method"u8, "CONNECT"u8, HeaderIndexing.Remember);
            builder.Add(":authority"u8, "10.1.2.3:8080"u8, HeaderIndexing.Remember);
            builder.Add("baggage"u8, "k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,k8s.deployment.name=cart"u8, HeaderIndexing.Remember);
            builder.Add("traceparent"u8, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"u8);
            opener.OpenStream(builder.Fields, endStream: true, out _);
        }

        requests = new byte[opener.PendingControlBytes];
        opener.TakeControl(requests);
        return requests;
    }

    private void GrantMore()
    {
        Span<byte> update = stackalloc byte[WindowUpdateFrame.Size];
        const int Bytes = 1 << 30;
        WindowUpdateFrame.Write(update, 0, Bytes);
        client.Receive(update, sink);
        WindowUpdateFrame.Write(update, stream, Bytes);
        client.Receive(update, sink);
    }

    private void Exchange()
    {
        for (var i = 0; i < 3; i++)
        {
            server.Receive(control.AsSpan(0, client.TakeControl(control)), sink);
            client.Receive(control.AsSpan(0, server.TakeControl(control)), sink);
        }
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
