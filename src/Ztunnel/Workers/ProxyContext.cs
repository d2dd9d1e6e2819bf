using Mesh.Daemon.Logging;
using Mesh.Hbone;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Reach;

namespace Mesh.Ztunnel.Workers;

/// <summary>What every connection needs and nobody replaces: options, the mesh, certificates, and where to report. Any thread.</summary>
internal sealed record ProxyContext(
    ZtunnelOptions Options,
    MeshView Mesh,
    CertificateStore Certificates,
    ConnectionMetrics Metrics,
    AccessLog AccessLog,
    Log Log,
    HboneOptions Hbone,
    TimeProvider Time)
{
    public required ReachMetrics Reach { get; init; }

    public required DnsSettings Dns { get; init; }

    /// <summary>Null when everything is subscribed.</summary>
    public OnDemandNames? Names { get; init; }
}
