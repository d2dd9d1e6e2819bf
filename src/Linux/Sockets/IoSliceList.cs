using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mesh.Linux.Sockets;

/// <summary>
/// The pieces of one vectored call, over storage the caller stack-allocates (<c>stackalloc IoSlice[32]</c>). Only memory that cannot move
/// may be added: loop scratch, <see cref="Loops.LoopBuffer"/>, pinned arrays, the stack.
/// </summary>
public unsafe ref struct IoSliceList(Span<IoSlice> storage)
{
    private readonly Span<IoSlice> _storage = storage;
    private int _start;
    private int _end;

    public readonly int Count => _end - _start;

    public readonly int Free => _storage.Length - _end;

    /// <summary>Bytes in all pieces.</summary>
    public long Bytes { get; private set; }

    internal readonly Span<IoSlice> Pending => _storage[_start.._end];

    /// <summary>Adds a piece; false when the storage is full. Empty pieces are ignored.</summary>
    public bool TryAdd(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty) return true;
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece));
        if (_end > _start && _storage[_end - 1] is var last && last.Address + (nint)last.Count == address)
        {
            _storage[_end - 1] = new IoSlice(last.Address, last.Count + (nuint)piece.Length);
        }
        else
        {
            if (_end == _storage.Length) return false;
            _storage[_end++] = new IoSlice(address, (nuint)piece.Length);
        }

        Bytes += piece.Length;
        return true;
    }

    /// <summary>Drops bytes from the front, after a call took them.</summary>
    public void Advance(int bytes)
    {
        Bytes -= bytes;
        while (bytes > 0)
        {
            ref var first = ref _storage[_start];
            if (bytes < first.Length)
            {
                first = new IoSlice(first.Address + bytes, first.Count - (nuint)bytes);
                return;
            }

            bytes -= first.Length;
            _start++;
        }
    }

    /// <summary>What is left of the first piece, to copy it aside.</summary>
    public readonly ReadOnlySpan<byte> this[int index] =>
        new((void*)_storage[_start + index].Address, _storage[_start + index].Length);
}
