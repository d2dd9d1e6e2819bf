namespace Mesh.Hbone.Tunnels;

/// <summary>
/// Where each stream's slices lie in the receive scratch while one read is worked off: a table per thread, since a loop reads for one
/// tunnel at a time. Slices of a stream form a chain, so that they leave in one vectored write.
/// </summary>
internal sealed class Gathering
{
    public const int SlicesMax = 1024;

    [ThreadStatic] private static Gathering? current;

    private readonly (int Offset, int Length, int Next)[] slices = new (int, int, int)[SlicesMax];
    private readonly List<TunnelStream> touched = [];
    private int used;

    public static Gathering Current => current ??= new Gathering();

    public bool IsFull => used == SlicesMax;

    public List<TunnelStream> Touched => touched;

    public void Add(TunnelStream stream, int offset, int length)
    {
        ref var slice = ref slices[used];
        slice = (offset, length, -1);
        if (stream.LastSlice >= 0) slices[stream.LastSlice].Next = used;
        else stream.FirstSlice = used;
        stream.LastSlice = used++;
    }

    public void Touch(TunnelStream stream)
    {
        if (stream.IsTouched) return;
        stream.IsTouched = true;
        touched.Add(stream);
    }

    public (int Offset, int Length, int Next) this[int index] => slices[index];

    /// <summary>A fault left these: nobody may ever be sent what stands at those places now.</summary>
    public void Abandon()
    {
        foreach (var stream in touched)
        {
            stream.IsTouched = false;
            stream.FirstSlice = stream.LastSlice = -1;
        }

        Reset();
    }

    public void Reset()
    {
        touched.Clear();
        used = 0;
    }
}
