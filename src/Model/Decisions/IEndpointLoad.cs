using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>What a proxy knows of endpoints by its own experience: of two candidates the less busy is taken, and none that failed just now.</summary>
public interface IEndpointLoad
{
    /// <summary>Connections this proxy has open to the workload, or any other number that grows with its load.</summary>
    int LoadOf(MeshWorkload workload);

    /// <summary>It failed a moment ago: it is chosen only when all others failed as well.</summary>
    bool IsEjected(MeshWorkload workload);
}
