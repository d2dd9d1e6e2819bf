using System.Runtime.InteropServices;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Outbound;

/// <summary>How many connections one worker has open, or is opening, to each endpoint; holds busy ones only. Loop thread only.</summary>
internal sealed class EndpointLoads
{
    private readonly Dictionary<MeshWorkload, int> _open = new(MeshWorkload.ByUid);

    /// <summary>Endpoints with a connection.</summary>
    public int Busy => _open.Count;

    public int Of(MeshWorkload workload) => _open.GetValueOrDefault(workload);

    public void Add(MeshWorkload workload) => CollectionsMarshal.GetValueRefOrAddDefault(_open, workload, out _)++;

    public void Remove(MeshWorkload workload)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(_open, workload);
        if (--count == 0) _open.Remove(workload);
    }
}
