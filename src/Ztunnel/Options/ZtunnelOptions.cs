using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Linux.Sockets;
using Mesh.Model.Policy;
using Mesh.Ztunnel.Outbound;

namespace Mesh.Ztunnel.Options;

/// <summary>Every knob of the proxy, parsed once at the start (<see cref="ZtunnelOptionsParser"/>). Immutable.</summary>
internal sealed record ZtunnelOptions
{
    public const int AdminPortDefault = 15000;
    public const int StatsPortDefault = 15020;
    public const int ReadinessPort = 15021;

    public ProxyMode Mode { get; init; }

    public WorkloadInfo? Dedicated { get; init; }

    public bool ProxyEnabled { get; init; } = true;

    public bool DnsEnabled { get; init; } = true;

    public bool SocksEnabled { get; init; }

    public int Workers { get; init; } = 2;

    public string NodeName { get; init; } = "";

    public string PodName { get; init; } = "";

    public string PodNamespace { get; init; } = "";

    public string ServiceAccount { get; init; } = "";

    public string InstanceIp { get; init; } = "";

    public string ClusterId { get; init; } = "Kubernetes";

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>False where the domain is only a guess, which what the kubelet wrote may better.</summary>
    public bool IsClusterDomainGiven { get; init; }

    public string Network { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>Null: no control plane, local configuration only.</summary>
    public ControlPlaneOptions? Xds { get; init; }

    public bool XdsOnDemand { get; init; }

    public IReadOnlyDictionary<string, string> XdsMetadata { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> XdsJsonMetadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Null with a fake CA, and only then.</summary>
    public ControlPlaneOptions? Ca { get; init; }

    /// <summary>A path or the token itself; null sends none.</summary>
    public string? AuthToken { get; init; }

    public string? LocalXdsPath { get; init; }

    public string? LocalXds { get; init; }

    public bool FakeCa { get; init; }

    public string? FakeCaRoot { get; init; }

    public string? FakeCaKey { get; init; }

    public TimeSpan SecretTtl { get; init; } = TimeSpan.FromHours(24);

    public string? CrlPath { get; init; }

    /// <summary>Without usable revocation lists the proxy does not start.</summary>
    public bool CrlRequired { get; init; }

    /// <summary>Where the secrets of TLS connections are written, for debugging; null writes none.</summary>
    public string? KeyLogPath { get; init; }

    public int StreamsPerTunnelMax { get; init; } = 100;

    public TimeSpan UnusedTunnelRelease { get; init; } = TimeSpan.FromMinutes(5);

    public KeepAlive? KeepAlive { get; init; }

    public TimeSpan UserTimeout { get; init; }

    public uint PacketMark { get; init; }

    public string InpodPath { get; init; } = "/var/run/ztunnel/ztunnel.sock";

    public bool PortReuse { get; init; } = true;

    /// <summary>Null decides by what the kernel allows.</summary>
    public bool? PreserveSource { get; init; }

    public bool Ipv6 { get; init; } = true;

    public bool LocalhostApplicationTunnel { get; init; } = true;

    public bool ResponseBaggage { get; init; } = true;

    public bool PolicyInfoLogging { get; init; }

    /// <summary>What a policy that has not come yet does; upstream skips it, we hold and then deny unless told otherwise.</summary>
    public UnknownPolicy UnknownPolicy { get; init; } = UnknownPolicy.Undecided;

    /// <summary>Inbound traffic to a workload with a waypoint is let in from the waypoint only; upstream lets it in from anywhere.</summary>
    public bool RequiresWaypoint { get; init; }

    /// <summary>How long a connection waits for its workload or policy.</summary>
    public TimeSpan WorkloadWait { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long live connections may go on after a request to end.</summary>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(5);

    public string? PreferredServiceNamespace { get; init; }

    public string? DnsProxyAddress { get; init; }

    /// <summary>Where connections go straight, past the mesh.</summary>
    public BypassRanges Bypass { get; init; } = BypassRanges.None;

    public AccessLogChoice AccessLog { get; init; } = AccessLogChoice.All;

    /// <summary>Label sets per metric of connections; what is beyond shares one.</summary>
    public int MetricSeriesMax { get; init; } = Metrics.DefaultSeriesMax;

    public int StreamWindowBytes { get; init; } = HboneOptions.StreamWindowBytesDefault;

    public int ConnectionWindowBytes { get; init; } = HboneOptions.ConnectionWindowBytesDefault;

    public int FrameBytesMax { get; init; } = HboneOptions.FrameBytesDefault;

    public int AdminPort { get; init; } = AdminPortDefault;

    public int StatsPort { get; init; } = StatsPortDefault;
}
