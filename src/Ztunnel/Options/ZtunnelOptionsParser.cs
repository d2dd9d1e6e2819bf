using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Linux.Sockets;
using Mesh.Model.Policy;
using Mesh.Xds.Client;
using Mesh.Ztunnel.Outbound;

namespace Mesh.Ztunnel.Options;

/// <summary>Variables in, options or every problem out. Reads files only to merge the proxy configuration.</summary>
internal static class ZtunnelOptionsParser
{
    private const string DefaultToken = "./var/run/secrets/tokens/istio-token";
    private const string DefaultRoot = "./var/run/secrets/istio/root-cert.pem";
    private const uint DefaultMark = 1337;

    /// <summary>MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL of the kernel: what is longer, or below a second, fails every dial.</summary>
    private const int KeepAliveSecondsMax = 32_767;

    public static (ZtunnelOptions Options, IReadOnlyList<OptionProblem> Problems) Parse(IReadOnlyDictionary<string, string> environment, int cores)
    {
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        var early = new List<OptionProblem>();
        var proxyMetadata = ProxyConfig.MergeInto(variables, early);
        var from = new OptionReader(variables);
        foreach (var problem in early) from.Refuse(problem.Variable, problem.Value, problem.WayOut);

        var mode = ReadMode(from);
        var options = new ZtunnelOptions
        {
            Mode = mode,
            Dedicated = mode == ProxyMode.Dedicated ? ReadWorkload(from) : null,
            Workers = WorkerCount.Read(from, cores),
            ProxyEnabled = from.Flag("ENABLE_PROXY", true),
            DnsEnabled = from.Flag("ISTIO_META_DNS_CAPTURE", mode == ProxyMode.Shared),
            SocksEnabled = from.Flag("UNSTABLE_ENABLE_SOCKS5", false),
            PacketMark = from.Unsigned("PACKET_MARK", mode == ProxyMode.Shared ? DefaultMark : 0),
            PreserveSource = from.FlagOrNull("ENABLE_ORIG_SRC"),
            Ipv6 = from.Flag("IPV6_ENABLED", true),
            PortReuse = from.Flag("INPOD_PORT_REUSE", true),
            InpodPath = from.Text("INPOD_UDS", "/var/run/ztunnel/ztunnel.sock"),
            StreamsPerTunnelMax = from.Number("POOL_MAX_STREAMS_PER_CONNECTION", 100, 1, 65_535),
            UnusedTunnelRelease = from.Duration("POOL_UNUSED_RELEASE_TIMEOUT", TimeSpan.FromMinutes(5)),
            LocalhostApplicationTunnel = from.Flag("LOCALHOST_APP_TUNNEL", true),
            ResponseBaggage = from.Flag("ENABLE_RESPONSE_BAGGAGE", true),
            PolicyInfoLogging = from.Flag("AUTHZ_POLICY_INFO_LOGGING", false),
            UnknownPolicy = from.Flag("MESH_SKIP_UNKNOWN_POLICIES", false) ? UnknownPolicy.Skip : UnknownPolicy.Undecided,
            RequiresWaypoint = from.Flag("MESH_REQUIRE_WAYPOINT", false),
            WorkloadWait = from.Duration("MESH_WORKLOAD_WAIT", TimeSpan.FromSeconds(5)),
            DialTimeout = from.Duration("MESH_DIAL_TIMEOUT", TimeSpan.FromSeconds(10)),
            DrainDeadline = ReadDrainDeadline(from),
            SecretTtl = from.Duration("SECRET_TTL", TimeSpan.FromHours(24)),
            CrlPath = from.TextOrNull("CRL_PATH"),
            CrlRequired = from.Flag("MESH_CRL_REQUIRED", false),
            KeyLogPath = from.TextOrNull("SSLKEYLOGFILE"),
            PreferredServiceNamespace = from.TextOrNull("PREFERED_SERVICE_NAMESPACE"),
            DnsProxyAddress = from.TextOrNull("ISTIO_META_DNS_PROXY_ADDR"),
            Bypass = ReadBypass(from),
            AccessLog = AccessLogChoice.Read(from),
            MetricSeriesMax = from.Number("MESH_METRIC_SERIES_MAX", Metrics.DefaultSeriesMax, 100, 1_000_000),
            AdminPort = from.Number("proxyAdminPort", ZtunnelOptions.AdminPortDefault, 0, 65_535),
            StatsPort = from.Number("statsPort", ZtunnelOptions.StatsPortDefault, 0, 65_535),
        };
        options = WithControlPlane(WithSockets(WithNames(options, from), from), from, variables, proxyMetadata);
        CheckTogether(options, from);
        CheckTls(from);
        return (options, from.Problems);
    }

    private static ZtunnelOptions WithNames(ZtunnelOptions options, OptionReader from) => options with
    {
        NodeName = from.Text("NODE_NAME", ""),
        PodName = from.Text("POD_NAME", ""),
        PodNamespace = from.Text("POD_NAMESPACE", ""),
        ServiceAccount = from.Text("SERVICE_ACCOUNT", ""),
        InstanceIp = from.Text("INSTANCE_IP", ""),
        ClusterId = from.TextOrNull("ISTIO_META_CLUSTER_ID") ?? from.TextOrNull("CLUSTER_ID") ?? "Kubernetes",
        ClusterDomain = from.TextOrNull("CLUSTER_DOMAIN") ?? "cluster.local",
        IsClusterDomainGiven = from.TextOrNull("CLUSTER_DOMAIN") is not null,
        Network = from.Text("NETWORK", ""),
        Version = from.Text("ISTIO_META_ISTIO_VERSION", ""),
    };

    private static ZtunnelOptions WithSockets(ZtunnelOptions options, OptionReader from)
    {
        var idle = from.Seconds("KEEPALIVE_TIME", 180, 1, KeepAliveSecondsMax);
        var interval = from.Seconds("KEEPALIVE_INTERVAL", 180, 1, KeepAliveSecondsMax);
        var probes = from.Number("KEEPALIVE_RETRIES", 9, 1, 127);
        return options with
        {
            KeepAlive = from.Flag("KEEPALIVE_ENABLED", true) ? new KeepAlive(idle, interval, probes) : null,
            UserTimeout = from.Flag("USER_TIMEOUT_ENABLED", false) ? idle + (interval * probes) : TimeSpan.Zero,
            // The bounds of RFC 9113, sections 6.5.2 and 6.9.1.
            StreamWindowBytes = from.Number("HTTP2_STREAM_WINDOW_SIZE", HboneOptions.StreamWindowBytesDefault, 65_535, int.MaxValue),
            ConnectionWindowBytes = from.Number("HTTP2_CONNECTION_WINDOW_SIZE", HboneOptions.ConnectionWindowBytesDefault, 65_535, int.MaxValue),
            FrameBytesMax = from.Number("HTTP2_FRAME_SIZE", HboneOptions.FrameBytesDefault, 16_384, 16_777_215),
        };
    }

    private static ZtunnelOptions WithControlPlane(
        ZtunnelOptions options, OptionReader from, Dictionary<string, string> variables, Dictionary<string, string> proxyMetadata)
    {
        var isFake = from.Flag("FAKE_CA", false);
        var allowsTls12 = from.Flag("TLS12_ENABLED", false);
        var inKubernetes = from.TextOrNull("KUBERNETES_SERVICE_HOST") is not null;
        var fallback = inKubernetes ? "https://istiod.istio-system.svc:15012" : "https://localhost:15012";
        var token = from.TextOrNull("AUTH_TOKEN") ?? (File.Exists(DefaultToken) ? DefaultToken : null);
        return options with
        {
            Xds = ReadServer(from, "XDS", from.Text("XDS_ADDRESS", fallback), allowsTls12, variables),
            Ca = isFake ? null : ReadServer(from, "CA", from.Text("CA_ADDRESS", fallback), allowsTls12, variables),
            AuthToken = token,
            XdsOnDemand = from.Flag("XDS_ON_DEMAND", false),
            XdsMetadata = ReadMetadata(variables, proxyMetadata),
            XdsJsonMetadata = ReadJsonMetadata(from, variables),
            LocalXdsPath = from.TextOrNull("LOCAL_XDS_PATH"),
            LocalXds = from.TextOrNull("LOCAL_XDS"),
            FakeCa = isFake,
            FakeCaRoot = from.TextOrNull("FAKE_CA_ROOT"),
            FakeCaKey = from.TextOrNull("FAKE_CA_KEY"),
        };
    }

    private static ControlPlaneOptions? ReadServer(OptionReader from, string kind, string address, bool allowsTls12, Dictionary<string, string> variables)
    {
        if (address.Length == 0) return null;
        var full = address.Contains("://", StringComparison.Ordinal) ? address : "https://" + address;
        if (!Uri.TryCreate(full, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
        {
            from.Refuse($"{kind}_ADDRESS", address, "write host:port or https://host:port, or leave it empty to run without");
            return null;
        }

        return new ControlPlaneOptions
        {
            Address = uri,
            Root = from.TextOrNull($"{kind}_ROOT_CA") ?? DefaultRoot,
            AlternativeName = from.TextOrNull($"ALT_{kind}_HOSTNAME"),
            AllowsTls12 = allowsTls12,
            Headers = [.. Prefixed(variables, $"{kind}_HEADER_")],
        };
    }

    /// <summary>Every proxyMetadata as it was written, and what variables say; variables win, and lose their prefix.</summary>
    private static Dictionary<string, string> ReadMetadata(Dictionary<string, string> variables, Dictionary<string, string> proxyMetadata)
    {
        var metadata = Prefixed(variables, "ISTIO_META_");
        foreach (var (name, value) in proxyMetadata)
        {
            if (!name.StartsWith("ISTIO_META", StringComparison.Ordinal)) metadata.TryAdd(name, value);
        }

        return metadata;
    }

    private static Dictionary<string, string> ReadJsonMetadata(OptionReader from, Dictionary<string, string> variables)
    {
        const string prefix = "ISTIO_METAJSON_";
        var metadata = Prefixed(variables, prefix);
        foreach (var (name, json) in metadata)
        {
            if (DeltaNode.ProblemOf(json) is { } problem) from.Refuse(prefix + name, json, $"write a JSON value: {problem}");
        }

        return metadata;
    }

    private static Dictionary<string, string> Prefixed(Dictionary<string, string> variables, string prefix)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            if (name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)) found[name[prefix.Length..]] = value;
        }

        return found;
    }

    private static BypassRanges ReadBypass(OptionReader from)
    {
        if (from.TextOrNull("MESH_BYPASS_CIDRS") is not { } text) return BypassRanges.None;
        if (BypassRanges.TryParse(text, out var problem) is { } ranges) return ranges;
        from.Refuse("MESH_BYPASS_CIDRS", text, problem);
        return BypassRanges.None;
    }

    private static ProxyMode ReadMode(OptionReader from)
    {
        var text = from.TextOrNull("PROXY_MODE") ?? "shared";
        if (text is "dedicated") return ProxyMode.Dedicated;
        if (text is not "shared") from.Refuse("PROXY_MODE", text, "write shared or dedicated");
        return ProxyMode.Shared;
    }

    private static WorkloadInfo? ReadWorkload(OptionReader from)
    {
        var text = from.Text("PROXY_WORKLOAD_INFO", "");
        var parts = text.Split('/');
        if (parts.Length == 3 && Array.TrueForAll(parts, static part => part.Length > 0)) return new WorkloadInfo(parts[0], parts[1], parts[2]);
        from.Refuse("PROXY_WORKLOAD_INFO", text, "a dedicated proxy needs namespace/name/serviceaccount");
        return null;
    }

    /// <summary>Some of the grace period is kept for ending itself.</summary>
    private static TimeSpan ReadDrainDeadline(OptionReader from)
    {
        if (from.DurationOrNull("CONNECTION_TERMINATION_DEADLINE") is { } deadline) return deadline;
        if (from.TextOrNull("TERMINATION_GRACE_PERIOD_SECONDS") is null) return TimeSpan.FromSeconds(5);
        var grace = from.Number("TERMINATION_GRACE_PERIOD_SECONDS", 30, 0, 86_400);
        return TimeSpan.FromSeconds(grace > 10 ? grace - 5 : Math.Max(1, grace - 1));
    }

    private static void CheckTogether(ZtunnelOptions options, OptionReader from)
    {
        if (options.ConnectionWindowBytes < options.StreamWindowBytes)
        {
            from.Refuse(
                "HTTP2_CONNECTION_WINDOW_SIZE",
                options.ConnectionWindowBytes.ToString(System.Globalization.CultureInfo.InvariantCulture),
                $"make it no smaller than HTTP2_STREAM_WINDOW_SIZE ({options.StreamWindowBytes}), or no stream could use its own");
        }

        if (options is { CrlRequired: true, CrlPath: null }) from.Refuse("MESH_CRL_REQUIRED", "true", "say in CRL_PATH where the revocation lists are");

        if (options.Xds is null && options.LocalXdsPath is null && options.LocalXds is null && from.Find("XDS_ADDRESS") is "")
        {
            from.Refuse("XDS_ADDRESS", "", "without a control plane set LOCAL_XDS_PATH or LOCAL_XDS");
        }

        if (options is { LocalXds: not null, LocalXdsPath: { } path })
            from.Refuse("LOCAL_XDS_PATH", path, "set it or LOCAL_XDS, not both: only one of them would be read");

        if (options is { FakeCa: false, Ca: null } && from.Find("CA_ADDRESS") is "")
            from.Refuse("CA_ADDRESS", "", "give the certificate authority's host:port, or leave it unset; for development FAKE_CA=true signs in this process");

        if (options.UserTimeout.TotalMilliseconds > int.MaxValue)
        {
            from.Refuse(
                "USER_TIMEOUT_ENABLED", "true", $"KEEPALIVE_TIME + KEEPALIVE_RETRIES * KEEPALIVE_INTERVAL must not be above {int.MaxValue / 1000} seconds");
        }

        if (DnsListenAddress.Parse(options.DnsProxyAddress) is null)
        {
            from.Refuse("ISTIO_META_DNS_PROXY_ADDR", options.DnsProxyAddress ?? "", "write address:port or localhost:port, such as 127.0.0.1:15053");
        }

        if (options.XdsOnDemand && options.DnsEnabled)
            from.Refuse("XDS_ON_DEMAND", "true", "the DNS proxy must know every name: set ISTIO_META_DNS_CAPTURE=false, or leave it unset");
        if (options.XdsOnDemand && options.NodeName.Length == 0)
            from.Refuse("XDS_ON_DEMAND", "true", "set NODE_NAME, by which the control plane finds this proxy's own workloads");

        if (options.FakeCaRoot is null != options.FakeCaKey is null)
        {
            from.Refuse("FAKE_CA_ROOT", options.FakeCaRoot ?? "", "FAKE_CA_ROOT and FAKE_CA_KEY go together");
        }
    }

    /// <summary>Upstream's one policy that this proxy cannot follow; ignored, it would promise what is not kept. Others change nothing there either.</summary>
    private static void CheckTls(OptionReader from)
    {
        const string Unkept = "pqc";
        if (from.TextOrNull("COMPLIANCE_POLICY") != Unkept) return;
        const string Spoken = "TLS 1.3 with AES-GCM, and X25519, P-256 or P-384 for the keys (no X25519MLKEM768)";
        from.Refuse("COMPLIANCE_POLICY", Unkept, $"leave it unset: what is spoken is fixed: {Spoken}");
    }
}
