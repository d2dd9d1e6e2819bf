namespace Mesh.Http2.Hpack;

/// <summary>
/// RFC 7541, 2.3.2: the fields that a connection remembers, newest first. Names and values stand in one byte ring that grows
/// with them; looking up allocates nothing. Invariant: the bytes in use never pass <see cref="MaxSize"/>.
/// </summary>
internal sealed class DynamicTable
{
    /// <summary>RFC 7541, 4.1: what each entry counts beyond its bytes.</summary>
    public const int EntryOverhead = 32;

    private const int FirstRingBytes = 512;
    private const int FirstEntries = 8;
    private readonly int limitBytes;
    private byte[] ring = [];
    private DynamicEntry[] entries = [];
    private int oldest;
    private int writeAt;

    public DynamicTable(int limitBytes) => this.limitBytes = MaxSize = limitBytes;

    public int Count { get; private set; }
    public int Size { get; private set; }
    public int MaxSize { get; private set; }

    /// <summary>Index 1 is the newest entry.</summary>
    public bool TryGet(int index, out DynamicEntry entry)
    {
        entry = default;
        if (index < 1 || index > Count) return false;
        entry = entries[Position(Count - index)];
        return true;
    }

    public void CopyName(in DynamicEntry entry, Span<byte> to) => Copy(entry.Offset, to[..entry.NameLength]);

    public void CopyValue(in DynamicEntry entry, Span<byte> to) => Copy(entry.Offset + entry.NameLength, to[..entry.ValueLength]);

    /// <summary>The newest index with that name and value, 0 when there is none; <paramref name="named"/> has the name alone.</summary>
    public int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out int named)
    {
        named = 0;
        var hash = DynamicEntry.HashOf(name, value);
        for (var index = 1; index <= Count; index++)
        {
            ref readonly var entry = ref entries[Position(Count - index)];
            if (entry.NameLength != name.Length) continue;
            if (entry.Hash == hash && entry.ValueLength == value.Length && Matches(entry.Offset + name.Length, value)
                && Matches(entry.Offset, name))
            {
                return index;
            }

            if (named == 0 && Matches(entry.Offset, name)) named = index;
        }

        return 0;
    }

    /// <summary>The spans must not lie in this table. What is too big for it empties it (RFC 7541, 4.4).</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var size = name.Length + value.Length + EntryOverhead;
        EvictUntil(MaxSize - size);
        if (size > MaxSize) return;
        MakeRoom(size - EntryOverhead);
        entries[Position(Count)] = new DynamicEntry(writeAt, name.Length, value.Length, DynamicEntry.HashOf(name, value));
        Append(name);
        Append(value);
        Count++;
        Size += size;
    }

    /// <summary>The new size is at most the limit this table was made with.</summary>
    public void Resize(int maxSize)
    {
        MaxSize = maxSize;
        EvictUntil(maxSize);
    }

    private int Position(int age) => (oldest + age) % entries.Length;

    private void EvictUntil(int sizeMax)
    {
        while (Count > 0 && Size > sizeMax)
        {
            Size -= entries[oldest].NameLength + entries[oldest].ValueLength + EntryOverhead;
            oldest = (oldest + 1) % entries.Length;
            Count--;
        }
    }

    /// <summary>A peer that says little costs little: ring and entries double, up to what the limit can ever need.</summary>
    private void MakeRoom(int bytes)
    {
        var used = Size - (Count * EntryOverhead);
        if (Count == entries.Length)
        {
            var more = new DynamicEntry[Math.Min(limitBytes / EntryOverhead, Math.Max(FirstEntries, 2 * entries.Length))];
            for (var age = 0; age < Count; age++) more[age] = entries[Position(age)];
            (entries, oldest) = (more, 0);
        }

        if (ring.Length > 0 && used + bytes <= ring.Length) return; // An empty field needs a ring, too.
        var longer = new byte[Math.Min(limitBytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(FirstRingBytes, used + bytes)))];
        if (Count > 0) Copy(entries[oldest].Offset, longer.AsSpan(0, used));
        var start = Count > 0 ? entries[oldest].Offset : 0;
        for (var age = 0; age < Count; age++)
        {
            ref var entry = ref entries[Position(age)];
            entry = entry with { Offset = (entry.Offset - start + ring.Length) % ring.Length };
        }

        (ring, writeAt) = (longer, used % longer.Length);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var first = Math.Min(bytes.Length, ring.Length - writeAt);
        bytes[..first].CopyTo(ring.AsSpan(writeAt));
        bytes[first..].CopyTo(ring);
        writeAt = (writeAt + bytes.Length) % ring.Length;
    }

    private void Copy(int offset, Span<byte> to)
    {
        offset %= ring.Length;
        var first = Math.Min(to.Length, ring.Length - offset);
        ring.AsSpan(offset, first).CopyTo(to);
        ring.AsSpan(0, to.Length - first).CopyTo(to[first..]);
    }

    private bool Matches(int offset, ReadOnlySpan<byte> bytes)
    {
        offset %= ring.Length;
        var first = Math.Min(bytes.Length, ring.Length - offset);
        return ring.AsSpan(offset, first).SequenceEqual(bytes[..first])
            && ring.AsSpan(0, bytes.Length - first).SequenceEqual(bytes[first..]);
    }
}
