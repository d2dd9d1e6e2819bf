using Mesh.Daemon.Metering;

namespace Mesh.Cni.Agent;

/// <summary>What the agent counts; upstream's names where upstream has them.</summary>
internal sealed class CniMetrics(Metrics metrics)
{
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

    public MetricFamily<Counter> Installs { get; } = metrics.Counters("istio_cni_installs", "Rounds of installing the plugin, by result.", ["result"]);

    public Gauge InstallReady { get; } = metrics.Gauge("istio_cni_install_ready", "1 while the plugin is installed.");

    public MetricFamily<Counter> PluginRequests { get; } =
        metrics.Counters("istio_cni_plugin_requests", "Requests of the plugin, by the answer's status.", ["response_code"]);

    public MetricFamily<Counter> Events { get; } = metrics.Counters("nodeagent_reconcile_events", "Pods brought in line, by what was done.", ["type"]);

    public Gauge ZtunnelConnected { get; } = metrics.Gauge("ztunnel_connected", "ztunnels connected now.");

    public MetricFamily<Counter> ZdsAnswers { get; } = metrics.Counters("mesh_cni_zds_answers", "Requests to ztunnel, by how they ended.", ["result"]);

    public MetricFamily<Counter> Repairs { get; } = metrics.Counters("mesh_cni_repairs", "Drift found and repaired, by what had drifted.", ["what"]);

    public Histogram EnrolSeconds { get; } =
        metrics.Histograms("mesh_cni_enrol_seconds", "Time from the plugin's request to its answer.", Seconds, []).With();
}
