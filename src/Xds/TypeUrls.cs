namespace Mesh.Xds;

/// <summary>Names of the resource types a ztunnel subscribes to.</summary>
public static class TypeUrls
{
    public const string Address = "type.googleapis.com/istio.workload.Address";
    public const string Workload = "type.googleapis.com/istio.workload.Workload";
    public const string Authorization = "type.googleapis.com/istio.security.Authorization";
}
