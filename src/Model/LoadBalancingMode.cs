namespace Mesh.Model;

/// <summary>How preference is applied (istio.workload.LoadBalancing.Mode).</summary>
public enum LoadBalancingMode
{
    Unspecified = 0,
    Strict = 1,
    Failover = 2,
    Passthrough = 3,
}
