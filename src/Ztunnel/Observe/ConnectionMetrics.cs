using Mesh.Daemon.Metering;

namespace Mesh.Ztunnel.Observe;

/// <summary>The metric families of connections, with the names and labels that dashboards know. Bounded series. Any thread.</summary>
internal sealed class ConnectionMetrics
{
    private const string Unknown = "unknown";

    private static readonly string[] Labels =
    [
        "reporter",
        "source_workload", "source_canonical_service", "source_canonical_revision", "source_workload_namespace", "source_principal", "source_app",
        "source_version", "source_cluster",
        "destination_service", "destination_service_namespace", "destination_service_name",
        "destination_workload", "destination_canonical_service", "destination_canonical_revision", "destination_workload_namespace",
        "destination_principal", "destination_app", "destination_version", "destination_cluster",
        "request_protocol", "response_flags", "connection_security_policy",
        "source_region", "source_zone", "destination_region", "destination_zone",
    ];

    private readonly MetricFamily<Counter> _opened;
    private readonly MetricFamily<Counter> _closed;
    private readonly MetricFamily<Counter> _failed;
    private readonly MetricFamily<Counter> _sent;
    private readonly MetricFamily<Counter> _received;
    private readonly MetricFamily<Counter> _refused;
    private readonly MetricFamily<Counter> _revoked;
    private readonly MetricFamily<Counter> _untracked;
    private readonly MetricFamily<Gauge> _inboundTunnels;

    public ConnectionMetrics(Metrics metrics, int seriesMax = Metrics.DefaultSeriesMax)
    {
        _opened = metrics.Counters("istio_tcp_connections_opened", "TCP connections opened.", Labels, seriesMax);
        _closed = metrics.Counters("istio_tcp_connections_closed", "TCP connections closed.", Labels, seriesMax);
        _failed = metrics.Counters("istio_tcp_connections_failed", "TCP connections that failed.", Labels, seriesMax);
        _sent = metrics.Counters("istio_tcp_sent_bytes", "Response bytes, from server to client.", Labels, seriesMax);
        _received = metrics.Counters("istio_tcp_received_bytes", "Request bytes, from client to server.", Labels, seriesMax);
        _refused = metrics.Counters("mesh_connections_refused", "Connections that were closed before anything was known about them.", ["port", "reason"], 256);
        _revoked = metrics.Counters(
            "istio_crl_policy_rejections", "Connections refused or ended because a certificate of their peer is revoked.", ["reporter"]);
        _untracked = metrics.Counters("istio_crl_untracked_connections", "Connections that a later revocation list will not find.", ["reporter"]);
        Bypassed = metrics.Counter("mesh_connections_bypassed", "Outbound connections that went straight, past the mesh (MESH_BYPASS_CIDRS).");
        SourceLost = metrics.Counter("mesh_source_not_preserved", "Connections whose application could not be dialled from the client's address.");
        var open = metrics.Gauges("istio_tcp_sockets_open", "Connections being carried now.", ["reporter"]);
        OpenInbound = open.With("destination");
        OpenOutbound = open.With("source");
        _inboundTunnels = metrics.Gauges("mesh_inbound_tunnels", "Tunnels of peers, by the worker that carries them.", ["worker"]);
    }

    /// <summary>Connections that were refused or ended because a revocation list of ours names their peer.</summary>
    public void CountRevoked(Direction reporter, int connections)
    {
        if (connections > 0) _revoked.With(WordOf(reporter)).Add(connections);
    }

    /// <summary>A connection that a later revocation list will not find.</summary>
    public void CountUntracked(Direction reporter) => _untracked.With(WordOf(reporter)).Increment();

    /// <summary>Tunnels of peers that one worker carries.</summary>
    public Gauge InboundTunnels(string worker) => _inboundTunnels.With(worker);

    public Counter Bypassed { get; }

    public Counter SourceLost { get; }

    public Gauge OpenInbound { get; }

    public Gauge OpenOutbound { get; }

    /// <summary>Grows when series gave their places to others: what was resolved before is asked for anew.</summary>
    public long Evictions => (long)_opened.Evictions + _closed.Evictions + _sent.Evictions + _received.Evictions;

    public ConnectionSeries Resolve(in SeriesKey key)
    {
        string[] values = LabelsOf(key, ResponseFlag.None);
        return new ConnectionSeries(key, _opened.With(values), _closed.With(values), _sent.With(values), _received.With(values));
    }

    /// <summary>The end of one that failed before it was open: as with upstream's proxy it was opened, closed and failed all the same.</summary>
    public void CountFailure(in SeriesKey key, ResponseFlag flag)
    {
        _opened.With(LabelsOf(key, ResponseFlag.None)).Increment();
        CountFailedEnd(key, flag);
    }

    public void CountClosed(ConnectionSeries series, ResponseFlag flag)
    {
        if (flag == ResponseFlag.None) series.Closed.Increment();
        else CountFailedEnd(series.Key, flag);
    }

    /// <summary>A connection without context: garbage, a self-call, an unknown pod. Reasons are a fixed set of words.</summary>
    public void CountRefused(int port, string reason) => _refused.With(port.ToString(System.Globalization.CultureInfo.InvariantCulture), reason).Increment();

    internal static string[] LabelsOf(in SeriesKey key, ResponseFlag flag)
    {
        var (source, destination) = (key.Source, key.Destination);
        var told = key.SourceTold;
        var isKnown = source is not null || destination is not null || told is not null;
        var (name, revision) = (source?.Shape.CanonicalName ?? told?.ServiceName, source?.Shape.CanonicalRevision ?? told?.ServiceVersion);
        return
        [
            WordOf(key.Reporter),
            Or(source?.Shape.WorkloadName ?? told?.WorkloadName), Or(name), Or(revision), Or(source?.Namespace ?? told?.Namespace),
            key.IsMutualTls ? Or(key.SourceIdentity?.ToString()) : Unknown,
            Or(name), Or(revision), Or(source?.Shape.ClusterId ?? told?.ClusterName),
            Or(key.Service?.Key.Hostname), Or(key.Service?.Key.Namespace), Or(key.Service?.Service?.Name),
            Or(destination?.Shape.WorkloadName), Or(destination?.Shape.CanonicalName), Or(destination?.Shape.CanonicalRevision),
            Or(destination?.Namespace), Or(destination?.Identity.ToString()), Or(destination?.Shape.CanonicalName),
            Or(destination?.Shape.CanonicalRevision), Or(destination?.Shape.ClusterId),
            "tcp", ResponseFlags.WordOf(flag), key.IsMutualTls ? "mutual_tls" : Unknown,
            Place(isKnown, source?.Shape.Locality.Region ?? told?.Region), Place(isKnown, source?.Shape.Locality.Zone ?? told?.Zone),
            Place(isKnown, destination?.Shape.Locality.Region), Place(isKnown, destination?.Shape.Locality.Zone),
        ];
    }

    private void CountFailedEnd(in SeriesKey key, ResponseFlag flag)
    {
        string[] values = LabelsOf(key, flag);
        _closed.With(values).Increment();
        _failed.With(values).Increment();
    }

    private static string WordOf(Direction reporter) => reporter == Direction.Outbound ? "source" : "destination";

    private static string Or(string? value) => string.IsNullOrEmpty(value) ? Unknown : value;

    /// <summary>An empty label is no label: places are left out when nobody is known.</summary>
    private static string Place(bool isKnown, string? value) => isKnown ? Or(value) : "";
}
