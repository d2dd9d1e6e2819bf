using Mesh.Daemon.Metering;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane;

/// <summary>What the control plane counts, under the names that dashboards of such meshes expect. Any thread.</summary>
internal sealed class ControlPlaneMetrics
{
    private static readonly double[] Seconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly MetricFamily<Counter> _pushes;
    private readonly MetricFamily<Counter> _rejects;
    private readonly MetricFamily<Counter> _expired;
    private readonly MetricFamily<Counter> _refused;
    private readonly MetricFamily<Counter> _certificateFailures;
    private readonly Histogram _convergence;
    private readonly Histogram _debounce;
    private readonly Histogram _translate;
    private readonly Gauge _addresses;
    private readonly Gauge _policies;
    private readonly MetricFamily<Counter> _translationFailures;
    private readonly Gauge _malformed;
    private readonly Gauge _unsupported;

    public ControlPlaneMetrics(TimeProvider time, Func<int> streams, Func<DateTimeOffset?> rootExpiry)
    {
        var started = time.GetTimestamp();
        _pushes = Registry.Counters("pilot_xds_pushes", "Responses sent to proxies, by resource type.", ["type"]);
        _rejects = Registry.Counters("pilot_total_xds_rejects", "Responses that proxies rejected, by resource type.", ["type"]);
        _expired = Registry.Counters("pilot_xds_expired_nonce", "Acknowledgements of responses that are no longer the last.", ["type"]);
        _refused = Registry.Counters("mesh_control_plane_refused", "Calls refused, by port and cause.", ["port", "cause"]);
        _certificateFailures = Registry.Counters("mesh_control_plane_certificate_refused", "Certificate requests refused, by cause.", ["cause"]);
        _convergence = Registry.Histograms(
            "pilot_proxy_convergence_time", "Seconds from a change to its acknowledgement by a proxy.", Seconds, []).With();
        _debounce = Registry.Histograms("pilot_debounce_time", "Seconds that changes were gathered before a publication.", Seconds, []).With();
        _translate = Registry.Histograms("mesh_control_plane_translate_time", "Seconds to translate one batch of changes.", Seconds, []).With();
        _addresses = Registry.Gauge("mesh_control_plane_addresses", "Workloads and services in the current snapshot.");
        _policies = Registry.Gauge("mesh_control_plane_policies", "Policies in the current snapshot.");
        _translationFailures = Registry.Counters("mesh_control_plane_translate_failures", "Objects whose translation failed, by kind.", ["kind"]);
        _malformed = Registry.Gauge("mesh_control_plane_policies_malformed", "Policies that cannot be understood and are enforced as strictly as can be.");
        _unsupported = Registry.Gauge("mesh_control_plane_policies_unsupported", "Policies of which ztunnel cannot enforce a part.");
        Requests = Registry.Counter("citadel_server_csr_count", "Certificate requests received.");
        Issued = Registry.Counter("citadel_server_success_cert_issuance_count", "Certificates issued.");
        AuthenticationFailures = Registry.Counter("citadel_server_authentication_failure_count", "Certificate requests without valid credentials.");
        Registry.ObserveGauge("pilot_xds", "Open xDS streams.", () => streams());
        Registry.ObserveGauge("istiod_uptime_seconds", "Seconds since the start.", () => time.GetElapsedTime(started).TotalSeconds);
        Registry.ObserveGauge(
            "citadel_server_root_cert_expiry_timestamp", "When the root certificate ends, in Unix time.",
            () => rootExpiry()?.ToUnixTimeSeconds() ?? 0);
        Registry.Gauges("pilot_info", "The version of this control plane.", ["version"]).With(ProductVersion.Text).Set(1);
    }

    public Metrics Registry { get; } = new();
    public Counter Requests { get; }
    public Counter Issued { get; }
    public Counter AuthenticationFailures { get; }

    public void Debounced(TimeSpan took) => _debounce.Observe(took.TotalSeconds);

    public void Translated(TimeSpan took, ResourceSnapshot snapshot)
    {
        _translate.Observe(took.TotalSeconds);
        _addresses.Set(snapshot.AddressCount);
        _policies.Set(snapshot.PolicyCount);
    }

    public void TranslationFailed(string kind) => _translationFailures.With(kind).Increment();

    /// <summary>How often an object of that kind could not be translated.</summary>
    public long TranslationFailures(string kind) => _translationFailures.With(kind).Value;

    public void Found(int malformed, int unsupported)
    {
        _malformed.Set(malformed);
        _unsupported.Set(unsupported);
    }

    public void Refused(int port, string cause) => _refused.With(port.ToString(System.Globalization.CultureInfo.InvariantCulture), cause).Increment();

    public void CertificateRefused(string cause) => _certificateFailures.With(cause).Increment();

    /// <summary>How often calls were refused for that cause.</summary>
    public long RefusedCount(int port, string cause) =>
        _refused.With(port.ToString(System.Globalization.CultureInfo.InvariantCulture), cause).Value;

    public void Count(DeltaServerEvent happened)
    {
        switch (happened)
        {
            case DeltaServerEvent.Pushed pushed: _pushes.With(Short(pushed.TypeUrl)).Increment(); break;
            case DeltaServerEvent.Rejected rejected: _rejects.With(Short(rejected.TypeUrl)).Increment(); break;
            case DeltaServerEvent.ExpiredNonce expired: _expired.With(Short(expired.TypeUrl)).Increment(); break;
            case DeltaServerEvent.Converged converged: _convergence.Observe(converged.Took.TotalSeconds); break;
            default: break;
        }
    }

    /// <summary>Clients name types as they like: only ours become labels.</summary>
    private static string Short(string typeUrl) => typeUrl switch
    {
        Xds.TypeUrls.Address => "address",
        Xds.TypeUrls.Workload => "workload",
        Xds.TypeUrls.Authorization => "authorization",
        _ => "other",
    };
}
