using System.Globalization;

namespace Mesh.Http2.Tests;

/// <summary>
/// Seeded: 1. write a conversation of valid frames, 2. spoil some bytes, 3. cut it anywhere, 4. feed it while the owner acts at
/// random. Nothing may throw, the output stays bounded, and counts stay true. HTTP2_FUZZ_SEED and HTTP2_FUZZ_CASES change the run.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Seed = Number("HTTP2_FUZZ_SEED", 20_261);
    private static readonly int Cases = Number("HTTP2_FUZZ_CASES", 1500);

    [Theory]
    [InlineData(Http2Role.Server)]
    [InlineData(Http2Role.Client)]
    public void No_bytes_from_a_peer_break_the_engine(Http2Role role)
    {
        for (var i = 0; i < Cases; i++)
        {
            try
            {
                Play(role, new Random(Seed + i));
            }
            catch (Exception e)
            {
                Assert.Fail($"{role}, HTTP2_FUZZ_SEED={Seed + i} HTTP2_FUZZ_CASES=1: {e}");
            }
        }
    }

    private static void Play(Http2Role role, Random random)
    {
        var options = new Http2Options { StreamWindowBytes = 70_000, ConnectionWindowBytes = 100_000, PeerStreamsMax = 4, OwnStreamsMax = 4 };
        var end = new End(role, options);
        end.Seen.DataSeen = (id, n) =>
        {
            if (random.Next(3) > 0) end.Engine.Consumed(id, n);
            if (random.Next(20) == 0) end.Engine.Reset(id, ErrorCode.Cancel);
        };
        end.Seen.RequestSeen = id =>
        {
            if (random.Next(2) == 0) end.Engine.Respond(id, random.Next(2) == 0 ? 200 : 503, default, random.Next(3) == 0);
        };
        var script = Script(role, random);
        if (random.Next(4) > 0) Spoil(script, role, random);
        for (var at = 0; at < script.Length;)
        {
            var length = Math.Min(script.Length - at, 1 + random.Next(random.Next(2) == 0 ? 8 : 400));
            end.Receive(script.AsSpan(at, length));
            at += length;
            Assert.InRange(end.Engine.PendingControlBytes, 0, options.Limits.ControlBytesMax + 512);
            Assert.InRange(end.Engine.ActiveStreams, 0, 8);
            if (random.Next(3) > 0) continue;
            if (role == Http2Role.Client && random.Next(3) == 0) end.TryOpen("a:1", out _);
            end.Send(1 + 2 * random.Next(4), new byte[random.Next(100)], random.Next(8) == 0);
            end.TakeOutput();
        }

        end.Engine.OnTick(TimeSpan.FromSeconds(random.Next(40)));
        Wire.Read(SkipPreface(role, end.TakeOutput()));
        end.Engine.Release();
    }

    // What was taken before may have held the preface; what is left is frames.
    private static byte[] SkipPreface(Http2Role role, byte[] output) =>
        role == Http2Role.Client && output.AsSpan().StartsWith(Wire.Preface) ? output[24..] : output;

    private static byte[] Script(Http2Role role, Random random)
    {
        var parts = new List<byte[]>();
        if (role == Http2Role.Server) parts.Add(Wire.Preface);
        parts.Add(Wire.Settings((4, (uint)random.Next(100_000)), (3, 4)));
        parts.Add(Wire.SettingsAck);
        var next = 1;
        for (var i = random.Next(30); i >= 0; i--)
        {
            var id = 1 + 2 * random.Next(5);
            parts.Add(random.Next(12) switch
            {
                0 or 1 when role == Http2Role.Server => Wire.Connect((next += 2) - 2, random.Next(5) == 0),
                0 or 1 => Wire.Response(id, random.Next(100, 600), random.Next(5) == 0),
                2 or 3 => Wire.Data(id, random.Next(300), random.Next(6) == 0),
                4 => Wire.Frame(0, 8, id, [3, 9, 9, 0, 0, 0]),
                5 => Wire.Rst(id),
                6 => Wire.Window(id, (uint)random.Next(1, 100_000)),
                7 => Wire.Window(0, (uint)random.Next(1, 100_000)),
                8 => Wire.Ping(random.Next(2) == 0),
                9 => Wire.Settings((random.Next(1, 9), (uint)random.Next(16_384, 70_000))),
                10 => Wire.Join(Wire.Frame(1, 0, role == Http2Role.Server ? (next += 2) - 2 : id, Wire.Block((":method", "CONNECT"))),
                    Wire.Frame(9, 4, role == Http2Role.Server ? next - 2 : id, Wire.Block((":authority", "b:2")))),
                _ => Wire.GoAway(random.Next(10)),
            });
        }

        return Wire.Join([.. parts]);
    }

    private static void Spoil(byte[] script, Http2Role role, Random random)
    {
        var safe = role == Http2Role.Server ? 24 : 0;
        for (var i = random.Next(6); i >= 0; i--) script[random.Next(safe, script.Length)] = (byte)random.Next(256);
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
