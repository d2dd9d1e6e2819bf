namespace Mesh.Model;

/// <summary>What the service port carries (istio.workload.AppProtocol).</summary>
public enum AppProtocol
{
    Unknown = 0,
    Http11 = 1,
    Http2 = 2,
    Grpc = 3,
    Tcp = 4,
    Tls = 5,
}
