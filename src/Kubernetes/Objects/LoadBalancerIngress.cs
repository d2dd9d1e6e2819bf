namespace Mesh.Kubernetes.Objects;

/// <summary>An address a load balancer gave.</summary>
public sealed record LoadBalancerIngress
{
    public string? Ip { get; init; }
    public string? Hostname { get; init; }
}
