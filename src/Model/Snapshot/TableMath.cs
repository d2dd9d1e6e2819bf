namespace Mesh.Model.Snapshot;

/// <summary>Where a hash lives: high bits choose the shard, low bits the slot.</summary>
internal static class TableMath
{
    public static int ShardOf(int hash, int shards) => (int)(((uint)hash * 0x9E37_79B1u) >> 8) & (shards - 1);

    public static int Home(int hash, int slots) => (int)((uint)hash * 0x85EB_CA6Bu >> 16) & (slots - 1);

    public static int Combine(int first, int second) => (int)((uint)first * 31u) ^ (int)(((uint)second << 13) | ((uint)second >> 19));

    /// <summary>FNV-1a over UTF-16: the same for a span and for the string it will become, and the same in every run.</summary>
    public static int Hash(ReadOnlySpan<char> text, int seed = unchecked((int)2166136261))
    {
        var hash = (uint)seed;
        foreach (var c in text) hash = (hash ^ c) * 16777619u;
        return (int)hash;
    }
}
