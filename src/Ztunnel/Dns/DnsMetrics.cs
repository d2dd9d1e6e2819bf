using Mesh.Daemon.Metering;
using Mesh.Dns;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>The metric families of names, as dashboards know them. Bounded series; any thread.</summary>
internal sealed class DnsMetrics
{
    private const string Unknown = "unknown";
    private static readonly string[] Labels = ["request_query_type", "request_protocol", "source_canonical_service", "source_canonical_revision"];
    private static readonly double[] Bounds = [0.0005, 0.001, 0.01, 0.1, 1, 5];

    private static readonly string[] OnDemandLabels =
    [
        "source_workload", "source_canonical_service", "source_canonical_revision", "source_workload_namespace", "source_principal", "source_app",
        "source_version", "source_cluster", "hostname",
    ];

    private readonly MetricFamily<Counter> _requests;
    private readonly MetricFamily<Counter> _upstream;
    private readonly MetricFamily<Counter> _failures;
    private readonly MetricFamily<Histogram> _durations;
    private readonly MetricFamily<Counter> _onDemand;

    public DnsMetrics(Metrics metrics)
    {
        _requests = metrics.Counters("istio_dns_requests", "DNS requests.", Labels);
        _upstream = metrics.Counters("istio_dns_upstream_requests", "DNS requests that were forwarded to a name server.", Labels);
        _failures = metrics.Counters("istio_dns_upstream_failures", "Forwarded DNS requests that no name server answered.", Labels);
        _durations = metrics.Histograms("istio_dns_upstream_request_duration_seconds", "How long name servers took.", Bounds, Labels);
        _onDemand = metrics.Counters("istio_on_demand_dns", "Names of endpoints that were resolved for a connection.", OnDemandLabels);
    }

    public void CountRequest(in DnsAsker asker, DnsType type) => Of(_requests, asker, type).Increment();

    public void CountUpstream(in DnsAsker asker, DnsType type) => Of(_upstream, asker, type).Increment();

    public void CountFailure(in DnsAsker asker, DnsType type) => Of(_failures, asker, type).Increment();

    public void ObserveUpstream(in DnsAsker asker, DnsType type, TimeSpan took) => Of(_durations, asker, type).Observe(took.TotalSeconds);

    public void CountOnDemand(MeshWorkload source, string hostname) => _onDemand.With(
        Or(source.Shape.WorkloadName), Or(source.Shape.CanonicalName), Or(source.Shape.CanonicalRevision), Or(source.Namespace),
        source.Identity.ToString(), Or(source.Shape.CanonicalName), Or(source.Shape.CanonicalRevision), Or(source.Shape.ClusterId), hostname).Increment();

    private static TSeries Of<TSeries>(MetricFamily<TSeries> family, in DnsAsker asker, DnsType type) where TSeries : class => family.With(
        DnsTypes.WordOf(type), asker.IsTcp ? "tcp" : "udp", Or(asker.Source?.Shape.CanonicalName), Or(asker.Source?.Shape.CanonicalRevision));

    private static string Or(string? value) => string.IsNullOrEmpty(value) ? Unknown : value;
}
