using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Publish;

/// <summary>What a flush found: resources as they are now, names that are gone, and what there is to say about it.</summary>
internal sealed class IndexFlush
{
    public List<Resource> Updates { get; } = [];
    public List<string> RemovedAddresses { get; } = [];
    public List<string> RemovedPolicies { get; } = [];
    /// <summary>Policies that are not enforced as written, new or said otherwise than before.</summary>
    public List<PolicyFinding> NewFindings { get; } = [];
    public List<IndexFault> Faults { get; } = [];
    public bool FindingsChanged { get; set; }
}
