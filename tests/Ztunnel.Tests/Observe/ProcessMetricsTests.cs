using System.Text;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Ztunnel.Observe;

namespace Mesh.Ztunnel.Tests.Observe;

public sealed class ProcessMetricsTests
{
    [Fact]
    public void Descriptors_build_and_lost_log_lines_are_told()
    {
        using var log = new Log(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var metrics = new Metrics();
        ProcessMetrics.Register(metrics, "1.2.3", log);
        var to = Exposition.For(null);
        metrics.WriteTo(to);
        var lines = Encoding.UTF8.GetString(to.Finish()).Split('\n');
        Assert.Contains("istio_build{component=\"ztunnel\",tag=\"1.2.3\"} 1", lines);
        Assert.Contains("mesh_log_lines_dropped_total 0", lines);
        Assert.InRange(ValueOf("process_open_fds"), 1, ValueOf("process_max_fds"));

        double ValueOf(string name) => double.Parse(
            lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Without_a_descriptor_left_all_other_metrics_are_told()
    {
        var metrics = new Metrics();
        metrics.ObserveGauge("process_open_fds", "Open descriptors.", static () => ProcessMetrics.OrUntold(static () => throw new IOException("Too many open files")));
        metrics.Counter("other", "Other.").Increment();
        var to = Exposition.For(null);
        metrics.WriteTo(to);
        Assert.Equal("# HELP other_total Other.\n# TYPE other_total counter\nother_total 1\n", Encoding.UTF8.GetString(to.Finish()));
    }
}
