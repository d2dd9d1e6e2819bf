using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Publish;

/// <summary>What a flush found: resources as they are now, and names that are gone.</summary>
internal sealed class IndexFlush
{
    public List<Resource> Updates { get; } = [];
    public List<string> RemovedAddresses { get; } = [];
    public List<string> RemovedPolicies { get; } = [];
}
