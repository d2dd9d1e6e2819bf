using Mesh.Kubernetes.Objects;

namespace Mesh.ControlPlane.Resources;

/// <summary>From which namespaces: Same (when absent), All or Selector.</summary>
internal sealed record RouteNamespaces
{
    public string? From { get; init; }
    public LabelSelector? Selector { get; init; }
}
