namespace Mesh.Model;

/// <summary>Which endpoints are eligible (istio.workload.LoadBalancing.HealthPolicy).</summary>
public enum HealthPolicy
{
    OnlyHealthy = 0,
    AllowAll = 1,
}
