namespace Mesh.Model.Snapshot;

/// <summary>
/// An immutable hash table from a hash to entries that hold their own keys; several entries may share a key. Shards are small open-addressed
/// arrays, so that a change copies one shard and the list of shards, and a lookup touches two cache lines.
/// </summary>
internal sealed class PersistentTable<TEntry>
    where TEntry : class
{
    private readonly TableSlot<TEntry>[]?[] _shards;

    internal PersistentTable(TableSlot<TEntry>[]?[] shards, int count) => (_shards, Count) = (shards, count);

    public static PersistentTable<TEntry> Empty { get; } = new([null], 0);

    public int Count { get; }

    internal TableSlot<TEntry>[]?[] Shards => _shards;

    public Probe Find(int hash) => new(_shards[TableMath.ShardOf(hash, _shards.Length)], hash);

    /// <summary>Walks every entry; for dumps and rebuilds, not for the data path.</summary>
    public IEnumerable<TEntry> All()
    {
        foreach (var shard in _shards)
        {
            if (shard is null) continue;
            foreach (var slot in shard)
            {
                if (slot.Entry is { } entry) yield return entry;
            }
        }
    }

    /// <summary>Walks the entries whose hash is the one asked for; the caller compares keys.</summary>
    public struct Probe
    {
        private readonly TableSlot<TEntry>[]? _shard;
        private readonly int _hash;
        private int _at;

        internal Probe(TableSlot<TEntry>[]? shard, int hash)
        {
            _shard = shard;
            _hash = hash;
            _at = shard is null ? 0 : TableMath.Home(hash, shard.Length);
            Current = null!;
        }

        public TEntry Current { get; private set; }

        public bool MoveNext()
        {
            if (_shard is null) return false;
            while (true)
            {
                ref readonly var slot = ref _shard[_at]; // A shard is never full, so the walk ends at a gap.
                if (slot.Entry is null) return false;
                _at = (_at + 1) & (_shard.Length - 1);
                if (slot.Hash != _hash) continue;
                Current = slot.Entry;
                return true;
            }
        }
    }
}
