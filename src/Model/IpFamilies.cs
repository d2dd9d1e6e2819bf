namespace Mesh.Model;

/// <summary>Address families a service offers (istio.workload.IPFamilies).</summary>
public enum IpFamilies
{
    Automatic = 0,
    V4Only = 1,
    V6Only = 2,
    Dual = 3,
}
