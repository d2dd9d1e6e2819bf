namespace Mesh.ControlPlane.Translate;

/// <summary>Labels and annotations of the mesh's API.</summary>
internal static class Names
{
    public const string Revision = "istio.io/rev";
    public const string Network = "topology.istio.io/network";
    public const string Region = "topology.kubernetes.io/region";
    public const string Zone = "topology.kubernetes.io/zone";
    public const string Subzone = "topology.istio.io/subzone";
    public const string Tunnel = "networking.istio.io/tunnel";
    public const string Redirection = "ambient.istio.io/redirection";
    public const string WorkloadName = "service.istio.io/workload-name";
    public const string RegistrationGroup = "istio.io/autoRegistrationGroup";
    public const string TrafficDistribution = "networking.istio.io/traffic-distribution";
    public const string DryRun = "istio.io/dry-run";
    public const string UseWaypoint = "istio.io/use-waypoint";
    public const string UseWaypointNamespace = "istio.io/use-waypoint-namespace";
    public const string UseCanary = "istio.io/use-waypoint-canary";
    public const string UseCanaryNamespace = "istio.io/use-waypoint-canary-namespace";
    public const string CanaryWeight = "istio.io/use-waypoint-canary-weight";
    public const string IngressUseWaypoint = "istio.io/ingress-use-waypoint";
    public const string WaypointFor = "istio.io/waypoint-for";
    public const string InboundBinding = "ambient.istio.io/waypoint-inbound-binding";
    public const string GatewayManaged = "gateway.istio.io/managed";
    public const string GatewayName = "gateway.networking.k8s.io/gateway-name";
}
