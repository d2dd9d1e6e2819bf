using Mesh.Http2;
using Mesh.Http2.Frames;
using Mesh.Http2.Hpack;

namespace Mesh.Fuzz.Targets;

/// <summary>The HTTP/2 engine of one role, while its owner acts at random.</summary>
internal sealed class Http2Target(Http2Role role) : Target($"http2-{role.ToString().ToLowerInvariant()}")
{
    private const int OutputMax = 256 * 1024 + 512;
    private static readonly Http2Options Options = new() { StreamWindowBytes = 70_000, ConnectionWindowBytes = 100_000, PeerStreamsMax = 4, OwnStreamsMax = 4 };

    private readonly byte[] scratch = new byte[OutputMax];

    // A conversation opens hundreds of header lists, whose memory is pooled and warm after a few cases.
    public override long AllocatedBytesMax => 4 * 1024 * 1024;

    public override byte[] Make(Random random)
    {
        var script = new List<byte>();
        if (role == Http2Role.Server) script.AddRange(Preface.Bytes);
        Add(script, FrameType.Settings, 0, 0, [0, 4, 0, 1, (byte)random.Next(256), 0]);
        Add(script, FrameType.Settings, FrameFlags.Ack, 0, []);
        var next = 1;
        for (var i = random.Next(20); i >= 0; i--)
        {
            var id = 1 + 2 * random.Next(4);
            switch (random.Next(9))
            {
                case 0 or 1 when role == Http2Role.Server:
                    Add(script, FrameType.Headers, (byte)(FrameFlags.EndHeaders | random.Next(2)), next, Block((":method", "CONNECT"), (":authority", Texts.Word(random))));
                    next += 2;
                    break;
                case 0 or 1:
                    Add(script, FrameType.Headers, (byte)(FrameFlags.EndHeaders | random.Next(2)), id, Block((":status", "200"), ("baggage", Texts.Word(random))));
                    break;
                case 2 or 3:
                    Add(script, FrameType.Data, (byte)random.Next(2), id, new byte[random.Next(200)]);
                    break;
                case 4:
                    Add(script, FrameType.Data, FrameFlags.Padded, id, [2, 1, 2, 3, 0, 0]);
                    break;
                case 5:
                    Add(script, FrameType.RstStream, 0, id, [0, 0, 0, 8]);
                    break;
                case 6:
                    Add(script, FrameType.WindowUpdate, 0, random.Next(2) * id, [0, 0, (byte)random.Next(256), 1]);
                    break;
                case 7:
                    Add(script, FrameType.Ping, (byte)random.Next(2), 0, new byte[8]);
                    break;
                default:
                    Add(script, FrameType.GoAway, 0, 0, [0, 0, 0, (byte)id, 0, 0, 0, 0]);
                    break;
            }
        }

        return [.. script];
    }

    public override bool Try(byte[] input, Random random)
    {
        var engine = new Http2Engine(role, Options);
        var owner = new Owner(engine, random);
        for (var at = 0; at < input.Length;)
        {
            var length = Math.Min(input.Length - at, 1 + random.Next(300));
            var alive = engine.Receive(input.AsSpan(at, length), owner);
            at += length;
            Require(alive == engine.Fault.IsNone, "Receive says whether the connection lives");
            Require(engine.PendingControlBytes <= OutputMax, "output stays bounded");
            Require(engine.ActiveStreams is >= 0 and <= 8, "streams stay bounded");
            if (random.Next(3) == 0) owner.Act(scratch);
        }

        engine.OnTick(TimeSpan.FromSeconds(random.Next(60)));
        var left = engine.PendingControlBytes;
        Require(engine.TakeControl(scratch) == left && engine.PendingControlBytes == 0, "all output can be taken");
        engine.Release();
        return engine.Fault.IsNone;
    }

    private static void Add(List<byte> script, FrameType type, byte flags, int streamId, byte[] payload)
    {
        var header = new byte[FrameHeader.Size];
        new FrameHeader(payload.Length, type, flags, streamId).Write(header);
        script.AddRange(header);
        script.AddRange(payload);
    }

    private static byte[] Block(params (string Name, string Value)[] fields)
    {
        var builder = new HeaderBuilder(new byte[1024]);
        foreach (var (name, value) in fields) builder.Add(Texts.Latin1(name), Texts.Latin1(value));
        var output = new byte[HpackEncoder.SizeMax(builder.Fields)];
        return output[..new HpackEncoder(4096).Encode(builder.Fields, output)];
    }

    /// <summary>Answers, consumes, resets and sends as the seed says, and checks the order of events.</summary>
    private sealed class Owner(Http2Engine engine, Random random) : IHttp2Events
    {
        private readonly HashSet<int> open = [];

        public void Act(byte[] scratch)
        {
            engine.TakeControl(scratch);
            if (engine.Role == Http2Role.Client)
            {
                var builder = new HeaderBuilder(scratch.AsSpan(0, 200));
                builder.Add(":method"u8, "CONNECT"u8);
                builder.Add(":authority"u8, "a:1"u8);
                if (engine.OpenConnectStream(builder.Fields, out var opened) == OpenOutcome.Opened) open.Add(opened);
                engine.TakeControl(scratch);
            }

            var id = 1 + 2 * random.Next(4);
            var taken = engine.TakeSendWindow(id, random.Next(100));
            Require(taken >= 0 && taken <= 100, "a window grants no more than was asked");
            engine.WriteDataHeader(scratch, id, taken, endStream: random.Next(5) == 0);
        }

        public void OnRequest(int streamId, HeaderFields fields, bool endStream)
        {
            Require(engine.Role == Http2Role.Server && open.Add(streamId), "a stream is opened once");
            Require(!fields.Method.IsEmpty, "a request has a method");
            if (random.Next(2) == 0) engine.Respond(streamId, 200, default, random.Next(4) == 0);
        }

        public void OnResponse(int streamId, HeaderFields fields, bool endStream)
        {
            Require(open.Contains(streamId), "an answer belongs to a stream of ours");
            Require(fields.Status is >= 100 and <= 999, "an answer has a status");
        }

        public void OnTrailers(int streamId, HeaderFields fields) => Require(open.Contains(streamId), "trailers belong to a stream");

        public void OnData(int streamId, ReadOnlySpan<byte> payload)
        {
            Require(open.Contains(streamId), "data belongs to a stream");
            if (random.Next(3) > 0) engine.Consumed(streamId, payload.Length);
            if (random.Next(20) == 0) engine.Reset(streamId, ErrorCode.Cancel);
        }

        public void OnEndOfStream(int streamId) => Require(open.Contains(streamId), "an end belongs to a stream");

        public void OnReset(int streamId, ErrorCode code, ResetReason reason) => Require(open.Remove(streamId), "a stream is reset once");

        public void OnSendWindow(int streamId) => Require(streamId == 0 || open.Contains(streamId), "a window belongs to a stream");

        public void OnGoAway(int lastStreamId, ErrorCode code, ReadOnlySpan<byte> debugData) =>
            Require(debugData.Length <= GoAwayFrame.DebugBytesMax, "debug data stays bounded");

        public void OnPeerSettings() { } // Nothing to hold.

        public void OnPong(ulong payload) { } // Nothing to hold.
    }
}
