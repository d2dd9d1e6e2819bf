using Mesh.Tls13;
using Mesh.Tls13.Records;

namespace Mesh.Fuzz.Targets;

/// <summary>TLS records: only what the other side sealed is ever opened, in its order, unchanged.</summary>
internal sealed class TlsRecordTarget() : Target("tls-records")
{
    private const int RecordsMax = 6;
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public override double Share => 0.6; // Keys are expensive to set up.

    public override byte[] Make(Random random)
    {
        using var sealer = new TlsSession(CipherSuite.Aes128GcmSha256, Secret, Secret);
        var stream = new List<byte>();
        var record = new byte[RecordLimits.RecordBytesMax];
        for (var i = 0; i < 1 + random.Next(RecordsMax); i++)
        {
            var length = random.Next(5) switch
            {
                0 => sealer.WriteKeyUpdate(record, askPeer: random.Next(2) == 0),
                1 => sealer.WriteAlert(record, random.Next(2) == 0 ? AlertDescription.CloseNotify : AlertDescription.InternalError),
                _ => Seal(sealer, record, random.Next(200)),
            };
            stream.AddRange(record.AsSpan(0, length));
        }

        return [.. stream];
    }

    public override bool Try(byte[] input, Random random)
    {
        using var session = new TlsSession(CipherSuite.Aes128GcmSha256, Secret, Secret);
        var rest = input.AsSpan();
        var opened = false;
        for (var records = 0; !rest.IsEmpty; records++)
        {
            var reading = session.Read(rest, out var consumed, out var payloadBytes);
            if (reading is TlsReading.NeedMoreBytes or TlsReading.Failed or TlsReading.PeerAlert or TlsReading.Closed) return opened;
            Require(consumed > 0 && consumed <= rest.Length && consumed <= RecordLimits.RecordBytesMax, "a record has its length");
            if (reading == TlsReading.Data)
            {
                Require(payloadBytes > 0 && payloadBytes <= RecordLimits.PayloadBytesMax, "data is bounded and not empty");
                // Sealed data is all one letter; nothing else can come out of a forged record.
                Require(!rest.Slice(RecordLimits.HeaderBytes, payloadBytes).ContainsAnyExcept((byte)'m'), "only sealed data is opened");
            }

            Require(records <= RecordsMax, "no record is opened that nobody sealed");
            opened = true;
            rest = rest[consumed..];
        }

        return opened;
    }

    private static int Seal(TlsSession session, byte[] record, int length)
    {
        record.AsSpan(RecordLimits.HeaderBytes, length).Fill((byte)'m');
        return session.Seal(record, length);
    }
}
