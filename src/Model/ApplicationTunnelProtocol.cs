namespace Mesh.Model;

/// <summary>How the inner connection is announced to the application (istio.workload.ApplicationTunnel).</summary>
public enum ApplicationTunnelProtocol
{
    None = 0,
    Proxy = 1,
}
