namespace Mesh.Http2.Hpack;

/// <summary>Where one remembered field stands in the ring of its table.</summary>
internal readonly record struct DynamicEntry(int Offset, int NameLength, int ValueLength, uint Hash)
{
    /// <summary>Tells most fields apart at a glance; equality is decided by the bytes. Never compared between processes.</summary>
    public static uint HashOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var hash = (uint)name.Length * 31 + (uint)value.Length;
        for (var i = 0; i < value.Length; i += 1 + value.Length / 16) hash = hash * 16_777_619 ^ value[i];
        return hash;
    }
}
