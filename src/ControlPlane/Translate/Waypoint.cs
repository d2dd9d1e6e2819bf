using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>A gateway as a waypoint: where it is (null until it is ready), whom it serves and what it serves. Immutable.</summary>
internal sealed record Waypoint(
    ObjectKey Key, GatewayAddress? Address, string TrafficType, string AllowedFrom, LabelSelector? AllowedSelector, ApplicationTunnel? Binding)
{
    public bool ServesServices => TrafficType is "service" or "all";

    public bool ServesWorkloads => TrafficType is "workload" or "all";

    /// <summary>Whether objects of that namespace may use it.</summary>
    public bool Allows(string ns, StringMap namespaceLabels) => AllowedFrom switch
    {
        "All" => true,
        "Selector" => AllowedSelector is not null && AllowedSelector.Selects(namespaceLabels),
        _ => ns == Key.Namespace,
    };
}
