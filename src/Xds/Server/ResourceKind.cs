namespace Mesh.Xds.Server;

/// <summary>What a resource is; workloads and services are both addresses.</summary>
public enum ResourceKind
{
    Workload,
    Service,
    Policy,
}
