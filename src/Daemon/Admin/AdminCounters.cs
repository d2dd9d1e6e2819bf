using Mesh.Daemon.Metering;

namespace Mesh.Daemon.Admin;

/// <summary>What the admin servers of a process count together.</summary>
public sealed class AdminCounters
{
    private static readonly string[] s_reason = ["reason"];

    public AdminCounters(Metrics metrics)
    {
        Rejected = metrics.Counters("mesh_admin_rejected", "Admin connections and requests that were refused.", s_reason);
        Served = metrics.Counter("mesh_admin_requests", "Admin requests that were answered by a page.");
    }

    internal MetricFamily<Counter> Rejected { get; }

    internal Counter Served { get; }
}
