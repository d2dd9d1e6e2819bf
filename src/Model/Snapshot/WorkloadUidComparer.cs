namespace Mesh.Model.Snapshot;

/// <summary>Workloads of successive snapshots are the same when their uid is; compares without putting the uid together.</summary>
internal sealed class WorkloadUidComparer : IEqualityComparer<MeshWorkload>
{
    public bool Equals(MeshWorkload? x, MeshWorkload? y)
    {
        if (ReferenceEquals(x, y)) return true;
        if (x is null || y is null) return false;
        if (x.Shape.IsUidDerived != y.Shape.IsUidDerived) return x.Uid == y.Uid;
        return x.Shape.UidPrefix == y.Shape.UidPrefix && (!x.Shape.IsUidDerived || (x.Name == y.Name && x.Namespace == y.Namespace));
    }

    public int GetHashCode(MeshWorkload obj) => obj.UidHash();
}
