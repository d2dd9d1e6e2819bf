using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>How busy an endpoint is, so that of two candidates the less busy one is taken.</summary>
public interface IEndpointLoad
{
    /// <summary>Connections this proxy has open to the workload, or any other number that grows with its load.</summary>
    int LoadOf(MeshWorkload workload);
}
