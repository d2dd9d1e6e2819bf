namespace Mesh.Http2;

/// <summary>
/// The streams of one connection by id: open addressing with linear probing over plain values, at most half full.
/// A slot is valid until the next <see cref="Add"/> or <see cref="Remove"/>.
/// </summary>
internal sealed class StreamTable(int streamsMax)
{
    private const int FirstCapacity = 8;
    private const int None = -1;

    private Stream[] slots = new Stream[FirstCapacity];

    public int Count { get; private set; }

    public bool IsFull => Free == 0;

    public int Free => streamsMax - Count;

    public int Capacity => slots.Length;

    public ref Stream this[int slot] => ref slots[slot];

    /// <summary>The slot of a stream, -1 when it is not here.</summary>
    public int Find(int id)
    {
        var mask = slots.Length - 1;
        for (var slot = Home(id, mask); slots[slot].Id != 0; slot = (slot + 1) & mask)
        {
            if (slots[slot].Id == id) return slot;
        }

        return None;
    }

    /// <summary>The caller has checked <see cref="IsFull"/> and that the id is new.</summary>
    public void Add(in Stream stream)
    {
        if (IsFull) throw new InvalidOperationException("The stream table is full.");
        if (Count * 2 >= slots.Length) Grow();
        Place(slots, stream);
        Count++;
    }

    public void Remove(int id)
    {
        var hole = Find(id);
        if (hole < 0) return;
        var mask = slots.Length - 1;
        // Followers whose home lies at or before the hole move up, so that no search ends early.
        for (var next = (hole + 1) & mask; slots[next].Id != 0; next = (next + 1) & mask)
        {
            var distanceFromHome = (next - Home(slots[next].Id, mask)) & mask;
            if (distanceFromHome < ((next - hole) & mask)) continue;
            slots[hole] = slots[next];
            hole = next;
        }

        slots[hole] = default;
        Count--;
    }

    /// <summary>The id in a slot, 0 when the slot is free; for walks over all slots.</summary>
    public int IdAt(int slot) => slots[slot].Id;

    // Ids of one side step by two; dropping the lowest bit makes neighbours of them.
    private static int Home(int id, int mask) => (id >> 1) & mask;

    private static void Place(Stream[] into, in Stream stream)
    {
        var mask = into.Length - 1;
        var slot = Home(stream.Id, mask);
        while (into[slot].Id != 0) slot = (slot + 1) & mask;
        into[slot] = stream;
    }

    private void Grow()
    {
        var bigger = new Stream[slots.Length * 2];
        foreach (ref readonly var stream in slots.AsSpan())
        {
            if (stream.Id != 0) Place(bigger, stream);
        }

        slots = bigger;
    }
}
