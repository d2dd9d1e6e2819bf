namespace Mesh.Model;

/// <summary>How a workload accepts traffic from the mesh (istio.workload.TunnelProtocol).</summary>
public enum TunnelProtocol
{
    None = 0,
    Hbone = 1,
}
