namespace Mesh.Model;

/// <summary>One step of locality preference (istio.workload.LoadBalancing.Scope).</summary>
public enum LoadBalancingScope
{
    Unspecified = 0,
    Region = 1,
    Zone = 2,
    Subzone = 3,
    Node = 4,
    Cluster = 5,
    Network = 6,
}
