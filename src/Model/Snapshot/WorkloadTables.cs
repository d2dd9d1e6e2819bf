namespace Mesh.Model.Snapshot;

/// <summary>The indexes over workloads, while they are being changed. One thread.</summary>
internal sealed class WorkloadTables(string? localNode)
{
    public TableBuilder<MeshWorkload> ByUid { get; } = new();

    public TableBuilder<MeshWorkload> ByAddress { get; } = new();

    public TableBuilder<MeshWorkload> ByName { get; } = new();

    public TableBuilder<MeshWorkload> ByHostname { get; } = new();

    public MeshWorkload? Find(ReadOnlySpan<char> uid)
    {
        for (var probe = ByUid.Find(TableMath.Hash(uid)); probe.MoveNext();)
        {
            if (probe.Current.HasUid(uid)) return probe.Current;
        }

        return null;
    }

    public void Add(MeshWorkload workload)
    {
        ByUid.Add(workload.UidHash(), workload);
        if (IsLocal(workload)) ByName.Add(Hashes.Name(workload.Namespace, workload.Name), workload);
        if (workload.Shape.Hostname.Length > 0) ByHostname.Add(Hashes.Name(workload.Namespace, workload.Shape.Hostname), workload);
        if (workload.Shape.NetworkMode == NetworkMode.HostNetwork) return; // Its addresses are the node's, not its own.
        for (var i = 0; i < workload.AddressCount; i++) ByAddress.Add(Hashes.Address(workload.Network, workload.AddressAt(i)), workload);
    }

    public void Remove(MeshWorkload workload)
    {
        ByUid.Remove(workload.UidHash(), workload);
        if (IsLocal(workload)) ByName.Remove(Hashes.Name(workload.Namespace, workload.Name), workload);
        if (workload.Shape.Hostname.Length > 0) ByHostname.Remove(Hashes.Name(workload.Namespace, workload.Shape.Hostname), workload);
        if (workload.Shape.NetworkMode == NetworkMode.HostNetwork) return;
        for (var i = 0; i < workload.AddressCount; i++) ByAddress.Remove(Hashes.Address(workload.Network, workload.AddressAt(i)), workload);
    }

    private bool IsLocal(MeshWorkload workload) => string.IsNullOrEmpty(localNode) || workload.Node == localNode;
}
