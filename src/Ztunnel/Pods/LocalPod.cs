using Mesh.Hbone;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Pods;

/// <summary>A pod's workload as one snapshot has it, with the texts that every connection sends. Immutable.</summary>
internal sealed class LocalPod(MeshSnapshot mesh, MeshWorkload? workload)
{
    public MeshSnapshot Mesh { get; } = mesh;

    public MeshWorkload? Workload { get; } = workload;

    /// <summary>The <c>baggage</c> header that tells about this workload.</summary>
    public string Baggage { get; } = workload is null ? "" : Describe(workload);

    private static string Describe(MeshWorkload workload) => new Baggage
    {
        ClusterName = workload.Shape.ClusterId,
        Namespace = workload.Namespace,
        WorkloadKind = workload.Shape.Kind.ToString().ToLowerInvariant(),
        WorkloadName = workload.Shape.WorkloadName,
        ServiceName = workload.Shape.CanonicalName,
        ServiceVersion = workload.Shape.CanonicalRevision,
        Region = workload.Shape.Locality.Region,
        Zone = workload.Shape.Locality.Zone,
    }.Render();
}
