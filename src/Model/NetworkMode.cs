namespace Mesh.Model;

/// <summary>Whether the workload shares its node's addresses (istio.workload.NetworkMode).</summary>
public enum NetworkMode
{
    Standard = 0,
    HostNetwork = 1,
}
