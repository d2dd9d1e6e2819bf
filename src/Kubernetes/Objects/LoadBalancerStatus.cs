namespace Mesh.Kubernetes.Objects;

/// <summary>The addresses a load balancer gave.</summary>
public sealed record LoadBalancerStatus
{
    public IReadOnlyList<LoadBalancerIngress> Ingress { get => field ?? []; init => field = Frozen.List(value); }
}
