using System.Text;
using Mesh.Daemon.Metering;
using Mesh.Kubernetes.Tests.Support;
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
    public void After_idle_label_sets_gave_their_places_connections_have_series_of_their_own_again()
    {
        const int Max = 100;
        var time = new ManualTime();
        var metrics = new Metrics(time);
        var connections = new ConnectionMetrics(metrics, Max);
        var cache = new SeriesCache(connections);
        for (var i = 0; i < Max + 1; i++) Open($"account-{i}");
        Exposed(metrics);
        time.Advance(MetricFamily<Counter>.IdleMax);
        Exposed(metrics);
        Open($"account-{Max}");
        Open("account-7");

        var text = Encoding.UTF8.GetString(Exposed(metrics));
        var own = text.Split('\n').Single(line => line.StartsWith("istio_tcp_connections_opened_total{", StringComparison.Ordinal) && line.Contains($"account-{Max}\"", StringComparison.Ordinal));
        Assert.EndsWith(" 1", own, StringComparison.Ordinal);
        Assert.Contains("/sa/account-7\"", text, StringComparison.Ordinal);

        void Open(string account) =>
            cache.Find(new SeriesKey(Direction.Inbound, null, null, null, new SpiffeId("cluster.local", "shop", account), IsMutualTls: true)).Opened.Increment();
    }

    [Fact]
    public void A_connection_that_was_refused_or_could_not_be_dialled_was_opened_closed_and_failed()
    {
        var metrics = new Metrics();
        var connections = new ConnectionMetrics(metrics);
        var key = new SeriesKey(Direction.Inbound, null, null, null, null, IsMutualTls: false);
        connections.CountFailure(key, ResponseFlag.Deny);
        connections.CountClosed(connections.Resolve(key), ResponseFlag.None);
        var lines = Encoding.UTF8.GetString(Exposed(metrics)).Split('\n');
        Assert.Equal(1, Value("opened", "-"));
        Assert.Equal((1, 1), (Value("closed", "-"), Value("closed", "DENY")));
        Assert.Equal(1, Value("failed", "DENY"));

        int Value(string family, string flag) => int.Parse(
            lines.Single(line => line.StartsWith($"istio_tcp_connections_{family}_total{{", StringComparison.Ordinal)
                && line.Contains($"response_flags=\"{flag}\"", StringComparison.Ordinal)).Split(' ')[^1],
            System.Globalization.CultureInfo.InvariantCulture);
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
