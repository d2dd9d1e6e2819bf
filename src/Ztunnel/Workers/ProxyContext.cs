using Mesh.Daemon.Logging;
using Mesh.Hbone;
using Mesh.Model.Snapshot;
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

    /// <summary>What is sent to it never leaves this machine.</summary>
    public bool IsOnThisNode(MeshWorkload workload) =>
        Options.NodeName.Length > 0 && workload.Node == Options.NodeName && workload.Shape.ClusterId == Options.ClusterId;
}
