using System.Text;
using Mesh.Daemon.Metering;
using Mesh.Identity;
using Mesh.Ztunnel.Observe;

namespace Mesh.Ztunnel.Tests.Observe;

public sealed class ConnectionMetricsTests
{
    [Fact]
    public void Label_sets_are_bounded_and_what_is_beyond_is_counted_together()
    {
        const int Max = 100;
        var metrics = new Metrics();
        var connections = new ConnectionMetrics(metrics, Max);
        for (var i = 0; i < Max + 7; i++)
        {
            var identity = new SpiffeId("cluster.local", "shop", $"account-{i}");
            connections.Resolve(new SeriesKey(Direction.Inbound, null, null, null, identity, IsMutualTls: true)).Opened.Increment();
        }

        var text = Exposition.For(null);
        metrics.WriteTo(text);
        var opened = Encoding.UTF8.GetString(text.Finish()).Split('\n').Where(line => line.StartsWith("istio_tcp_connections_opened_total{", StringComparison.Ordinal)).ToList();
        Assert.Equal(Max + 1, opened.Count);
        Assert.EndsWith(" 7", opened.Single(line => line.Contains("reporter=\"overflow\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("mesh_metrics_overflow_total{family=\"istio_tcp_connections_opened\"} 7", Encoding.UTF8.GetString(Exposed(metrics)));
    }

    [Fact]
    public void Revoked_and_untracked_connections_are_counted_by_side()
    {
        var metrics = new Metrics();
        var connections = new ConnectionMetrics(metrics);
        connections.CountRevoked(Direction.Inbound, 3);
        connections.CountRevoked(Direction.Outbound, 0);
        connections.CountUntracked(Direction.Outbound);
        var text = Encoding.UTF8.GetString(Exposed(metrics));
        Assert.Contains("istio_crl_policy_rejections_total{reporter=\"destination\"} 3\n", text);
        Assert.DoesNotContain("istio_crl_policy_rejections_total{reporter=\"source\"}", text, StringComparison.Ordinal);
        Assert.Contains("istio_crl_untracked_connections_total{reporter=\"source\"} 1\n", text);
    }

    private static byte[] Exposed(Metrics metrics)
    {
        var text = Exposition.For(null);
        metrics.WriteTo(text);
        return text.Finish();
    }
}
