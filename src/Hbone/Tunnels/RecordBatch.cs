using Mesh.Tls13.Records;

namespace Mesh.Hbone.Tunnels;

/// <summary>
/// Records being built one behind the other in the loop's send scratch: room is filled in place, a full record is sealed in place, and
/// the whole leaves in one write.
/// </summary>
internal ref struct RecordBatch(Span<byte> scratch, TlsSession session)
{
    /// <summary>One frame of this size with its header fills a record.</summary>
    public const int PayloadMax = RecordLimits.PayloadBytesMax;

    public const int Overhead = RecordLimits.HeaderBytes + RecordLimits.TrailerBytes;

    private readonly Span<byte> scratch = scratch;
    private int start;

    /// <summary>Bytes in the record that is open.</summary>
    public int Filled { get; private set; }

    /// <summary>Finished records.</summary>
    public readonly Span<byte> Sealed => scratch[..start];

    /// <summary>Room left in the open record; 0 when the scratch holds no further one.</summary>
    public readonly int Room => Math.Max(0, Math.Min(PayloadMax, scratch.Length - start - Overhead) - Filled);

    /// <summary>Where the next byte of the open record goes.</summary>
    public readonly Span<byte> Free => scratch.Slice(start + RecordLimits.HeaderBytes + Filled, Room);

    /// <summary>Whole records that fit behind the open one.</summary>
    public readonly int RecordsBehind => Math.Max(0, (scratch.Length - start - Overhead - PayloadMax) / (PayloadMax + Overhead));

    /// <summary>The payload room of the n-th record behind the open one, supposing that all before it are full.</summary>
    public readonly Span<byte> Behind(int index) =>
        scratch.Slice(start + index * (PayloadMax + Overhead) + RecordLimits.HeaderBytes, PayloadMax);

    public void Commit(int bytes) => Filled += bytes;

    /// <summary>Seals what the open record holds and opens the next.</summary>
    public void Seal()
    {
        if (Filled == 0) return;
        start += session.Seal(scratch[start..], Filled);
        Filled = 0;
    }

    /// <summary>Writes a key update behind the finished records; the open one must be empty.</summary>
    public void KeyUpdate() => start += session.WriteKeyUpdate(scratch[start..]);

    public void Alert(Mesh.Tls13.AlertDescription alert) => start += session.WriteAlert(scratch[start..], alert);
}
