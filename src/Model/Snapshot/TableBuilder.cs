namespace Mesh.Model.Snapshot;

/// <summary>Changes a <see cref="PersistentTable{TEntry}"/>; copies a shard once per batch, at its first change. One thread.</summary>
internal sealed class TableBuilder<TEntry>
    where TEntry : class
{
    private const int ShardSlotsMin = 4;
    private const int EntriesPerShardMax = 32;
    private PersistentTable<TEntry> _frozen = PersistentTable<TEntry>.Empty;
    private TableSlot<TEntry>[]?[] _shards = [null];
    private bool[] _owned = [true];
    private int _count;
    private bool _changed;

    public int Count => _count;

    public void Add(int hash, TEntry entry)
    {
        BeginChange();
        if (_count + 1 > _shards.Length * EntriesPerShardMax) Spread();
        var at = TableMath.ShardOf(hash, _shards.Length);
        Insert(ref Own(at), hash, entry);
        _count++;
    }

    public bool Remove(int hash, TEntry entry)
    {
        var at = TableMath.ShardOf(hash, _shards.Length);
        if (_shards[at] is not { } found || IndexOf(found, hash, entry) < 0) return false;
        BeginChange();
        var shard = Own(at)!;
        Close(shard, IndexOf(shard, hash, entry));
        _count--;
        return true;
    }

    public PersistentTable<TEntry>.Probe Find(int hash) => new(_shards[TableMath.ShardOf(hash, _shards.Length)], hash);

    public PersistentTable<TEntry> Freeze()
    {
        if (!_changed) return _frozen;
        _frozen = new PersistentTable<TEntry>(_shards, _count);
        _changed = false;
        return _frozen;
    }

    private void BeginChange()
    {
        if (_changed) return;
        _changed = true;
        _shards = (TableSlot<TEntry>[]?[])_shards.Clone();
        _owned = new bool[_shards.Length];
    }

    private ref TableSlot<TEntry>[]? Own(int at)
    {
        ref var shard = ref _shards[at];
        if (!_owned[at])
        {
            shard = (TableSlot<TEntry>[]?)shard?.Clone();
            _owned[at] = true;
        }

        return ref shard;
    }

    private void Spread()
    {
        var old = _shards;
        _shards = new TableSlot<TEntry>[]?[old.Length * 2];
        _owned = new bool[_shards.Length];
        Array.Fill(_owned, value: true);
        foreach (var shard in old)
        {
            foreach (ref readonly var slot in shard.AsSpan())
            {
                if (slot.Entry is { } entry) Insert(ref _shards[TableMath.ShardOf(slot.Hash, _shards.Length)], slot.Hash, entry);
            }
        }
    }

    private static void Insert(ref TableSlot<TEntry>[]? shard, int hash, TEntry entry)
    {
        shard ??= new TableSlot<TEntry>[ShardSlotsMin];
        var used = 0;
        foreach (ref readonly var slot in shard.AsSpan()) used += slot.Entry is null ? 0 : 1;
        if ((used + 1) * 4 > shard.Length * 3)
        {
            var old = shard;
            shard = new TableSlot<TEntry>[old.Length * 2];
            foreach (ref readonly var slot in old.AsSpan())
            {
                if (slot.Entry is { } moved) Put(shard, slot.Hash, moved);
            }
        }

        Put(shard, hash, entry);
    }

    private static void Put(TableSlot<TEntry>[] shard, int hash, TEntry entry)
    {
        var at = TableMath.Home(hash, shard.Length);
        while (shard[at].Entry is not null) at = (at + 1) & (shard.Length - 1);
        shard[at] = new TableSlot<TEntry> { Hash = hash, Entry = entry };
    }

    private static int IndexOf(TableSlot<TEntry>[] shard, int hash, TEntry entry)
    {
        var at = TableMath.Home(hash, shard.Length);
        while (shard[at].Entry is { } found)
        {
            if (ReferenceEquals(found, entry)) return at;
            at = (at + 1) & (shard.Length - 1);
        }

        return -1;
    }

    /// <summary>Removes a slot and moves later ones of the same run back, so that no walk ends too early.</summary>
    private static void Close(TableSlot<TEntry>[] shard, int gap)
    {
        var mask = shard.Length - 1;
        var at = gap;
        while (true)
        {
            at = (at + 1) & mask;
            if (shard[at].Entry is null) break;
            var home = TableMath.Home(shard[at].Hash, shard.Length);
            if (((at - home) & mask) < ((at - gap) & mask)) continue;
            shard[gap] = shard[at];
            gap = at;
        }

        shard[gap] = default;
    }
}
