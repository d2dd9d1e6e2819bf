using System.Net;
using Mesh.Cni.Plugin;

namespace Mesh.Cni;

/// <summary>The agent's knobs, from the environment; names and defaults are upstream's where upstream has them.</summary>
internal sealed record CniOptions
{
    public required string NodeName { get; init; }
    public string PodName { get; init; } = string.Empty;
    public string PodNamespace { get; init; } = "istio-system";
    public bool CapturesDns { get; init; }
    public bool V6 { get; init; } = true;
    public bool IsGraceful { get; init; } = true;
    public bool RepairsRulesAtStart { get; init; } = true;
    public bool AlwaysUninstalls { get; init; }
    public IReadOnlySet<string> ExcludedNamespaces { get; init; } = new HashSet<string>(StringComparer.Ordinal) { "kube-system" };
    public IPAddress ProbeV4 { get; init; } = Redirect.RedirectSettings.DefaultProbeV4;
    public IPAddress ProbeV6 { get; init; } = Redirect.RedirectSettings.DefaultProbeV6;

    /// <summary>Where the host's files are seen from here.</summary>
    public string HostRoot { get; init; } = "/host";
    public string HostProc { get; init; } = "/host/proc";
    public string HostNetns { get; init; } = "/host/proc/1/ns/net";
    public string BinaryDirectory { get; init; } = "/host/opt/cni/bin";
    public string ConfigDirectory { get; init; } = "/host/etc/cni/net.d";
    public string ConfigName { get; init; } = string.Empty;
    public string RunDirectory { get; init; } = PluginConfig.DefaultRunDirectory;
    public string ZtunnelSocket { get; init; } = "/var/run/ztunnel/ztunnel.sock";
    public ushort MonitoringPort { get; init; } = 15014;
    public ushort HealthPort { get; init; } = 8000;

    /// <summary>Every pod is looked at this often even if nothing changed.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Null and the reason when the environment makes no sense.</summary>
    public static CniOptions? TryRead(Func<string, string?> variable, out string problem)
    {
        var reader = new EnvironmentReader(variable);
        var defaults = new CniOptions { NodeName = reader.Text("NODE_NAME", string.Empty) };
        var hostRoot = reader.Text("HOST_ROOT", defaults.HostRoot);
        var hostProc = reader.Text("HOST_PROC", $"{hostRoot}/proc");
        var options = defaults with
        {
            PodName = reader.Text("POD_NAME", defaults.PodName),
            PodNamespace = reader.Text("POD_NAMESPACE", defaults.PodNamespace),
            CapturesDns = reader.Boolean("AMBIENT_DNS_CAPTURE", defaults.CapturesDns),
            V6 = reader.Boolean("AMBIENT_IPV6", defaults.V6),
            IsGraceful = reader.Boolean("AMBIENT_GRACEFUL_ENROLMENT", defaults.IsGraceful),
            RepairsRulesAtStart = reader.Boolean("AMBIENT_RECONCILE_POD_RULES_ON_STARTUP", defaults.RepairsRulesAtStart),
            AlwaysUninstalls = reader.Boolean("AMBIENT_DISABLE_SAFE_UPGRADE", defaults.AlwaysUninstalls),
            ExcludedNamespaces = reader.Set("EXCLUDE_NAMESPACES", defaults.ExcludedNamespaces),
            ProbeV4 = reader.Address("HOST_PROBE_SNAT_IP", defaults.ProbeV4),
            ProbeV6 = reader.Address("HOST_PROBE_SNAT_IPV6", defaults.ProbeV6),
            HostRoot = hostRoot,
            HostProc = hostProc,
            HostNetns = reader.Text("HOST_NETNS_PATH", $"{hostProc}/1/ns/net"),
            BinaryDirectory = reader.Text("MOUNTED_CNI_BIN_DIR", $"{hostRoot}/opt/cni/bin"),
            ConfigDirectory = reader.Text("MOUNTED_CNI_NET_DIR", $"{hostRoot}/etc/cni/net.d"),
            ConfigName = reader.Text("CNI_CONF_NAME", defaults.ConfigName),
            RunDirectory = reader.Text("CNI_AGENT_RUN_DIR", defaults.RunDirectory),
            ZtunnelSocket = reader.Text("ZTUNNEL_UDS_ADDRESS", defaults.ZtunnelSocket),
            MonitoringPort = reader.Port("MONITORING_PORT", defaults.MonitoringPort),
            HealthPort = reader.Port("HEALTH_PORT", defaults.HealthPort),
        };
        if (options.NodeName.Length == 0) reader.Refuse("NODE_NAME is not set: which node is this?");
        problem = reader.Problem;
        return problem.Length == 0 ? options : null;
    }
}
