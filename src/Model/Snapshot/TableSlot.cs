namespace Mesh.Model.Snapshot;

/// <summary>One place of a shard: the full hash, so that growing never asks an entry for its key.</summary>
internal struct TableSlot<TEntry>
    where TEntry : class
{
    public int Hash;
    public TEntry? Entry;
}
