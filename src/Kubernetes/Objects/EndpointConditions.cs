namespace Mesh.Kubernetes.Objects;

/// <summary>Whether an endpoint takes traffic; absent means unknown.</summary>
public sealed record EndpointConditions
{
    public bool? Ready { get; init; }
    public bool? Serving { get; init; }
    public bool? Terminating { get; init; }
}
