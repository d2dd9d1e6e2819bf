using System.Diagnostics.CodeAnalysis;

namespace Mesh.Xds.Wire;

/// <summary>
/// One object per distinct encoding, so that a hundred thousand workloads share what they have in common. Bounded: a full table
/// is emptied, which costs sharing and nothing else. Owned by one decoder, one thread at a time.
/// </summary>
internal sealed class SharedValues<T>(int entriesMax)
{
    private readonly Dictionary<byte[], T> _values = new(EncodingComparer.Instance);

    public bool TryFind(ReadOnlySpan<byte> encoding, [MaybeNullWhen(false)] out T value) =>
        _values.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(encoding, out value);

    public void Add(ReadOnlySpan<byte> encoding, T value)
    {
        if (_values.Count >= entriesMax) _values.Clear();
        _values[encoding.ToArray()] = value;
    }
}
