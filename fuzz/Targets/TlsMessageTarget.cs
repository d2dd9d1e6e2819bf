using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Fuzz.Targets;

/// <summary>
/// What a peer with the right keys may say in properly sealed records: each piece of the input is a content type, a length and a payload. So
/// mutations reach tickets, key updates and alerts, which a forged tag would hide.
/// </summary>
internal sealed class TlsMessageTarget() : Target("tls-messages")
{
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly byte[] record = new byte[RecordLimits.RecordBytesMax];

    public override double Share => 0.5; // Keys are expensive to set up.

    public override byte[] Make(Random random)
    {
        var script = new List<byte>();
        for (var i = random.Next(6); i >= 0; i--)
        {
            byte[] payload = random.Next(6) switch
            {
                0 => [24, 0, 0, 1, (byte)random.Next(2)],
                1 => [4, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9],
                2 => [4, 0, 0, 2, 1],
                3 => [1, 0],
                _ => new byte[random.Next(60)],
            };
            byte type = payload is [24 or 4, ..] ? (byte)ContentType.Handshake : payload.Length == 2 ? (byte)ContentType.Alert : (byte)ContentType.ApplicationData;
            script.AddRange([type, (byte)payload.Length, .. payload]);
        }

        return [.. script];
    }

    public override bool Try(byte[] input, Random random)
    {
        using var sealer = new RecordSealer(CipherSuite.Aes128GcmSha256, Secret);
        using var session = new TlsSession(CipherSuite.Aes128GcmSha256, Secret, Secret);
        var opened = false;
        for (var at = 0; at + 2 <= input.Length;)
        {
            var length = Math.Min(input[at + 1], input.Length - at - 2);
            input.AsSpan(at + 2, length).CopyTo(record.AsSpan(RecordLimits.HeaderBytes));
            var isKeyUpdate = input[at] == (byte)ContentType.Handshake;
            var size = sealer.Seal(record, length, (ContentType)input[at]);
            at += 2 + length;
            var before = session.Received;
            var reading = session.Read(record.AsSpan(0, size), out var consumed, out var payloadBytes);
            if (reading is TlsReading.Failed or TlsReading.PeerAlert or TlsReading.Closed) return opened;
            Require(reading is TlsReading.Data or TlsReading.Control, "a whole record needs no more bytes");
            Require(consumed == size, "a record is taken whole");
            Require(reading == TlsReading.Data == (payloadBytes > 0), "data is never empty, and nothing else has a payload");
            if (session.Received <= before)
            {
                Require(isKeyUpdate, "only a key update changes the key");
                sealer.UpdateKey();
            }

            opened = true;
        }

        return opened;
    }
}
