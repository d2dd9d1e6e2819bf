namespace Mesh.Model;

/// <summary>Whether the workload takes traffic (istio.workload.WorkloadStatus).</summary>
public enum HealthStatus
{
    Healthy = 0,
    Unhealthy = 1,
}
