using System.Globalization;
using Mesh.ControlPlane.Translate;
using Mesh.Kubernetes;

namespace Mesh.ControlPlane;

/// <summary>Every knob, read once from the environment; all problems are found in one reading.</summary>
internal sealed record ControlPlaneOptions
{
    public MeshSettings Mesh { get; init; } = new();
    public string PodName { get; init; } = "control-plane";
    /// <summary>Service names this program answers to; the first is its own.</summary>
    public IReadOnlyList<string> ServiceNames { get; init; } = ["mesh-control-plane"];
    /// <summary>Further host names in the serving certificate.</summary>
    public IReadOnlyList<string> CustomHosts { get; init; } = [];
    /// <summary>Accounts that may ask for certificates of workloads on their own node.</summary>
    public IReadOnlyList<ObjectKey> TrustedNodeAccounts { get; init; } = [];
    public IReadOnlyList<string> TokenAudiences { get; init; } = ["istio-ca"];
    public TimeSpan WorkloadTtlDefault { get; init; } = TimeSpan.FromHours(24);
    public TimeSpan WorkloadTtlMax { get; init; } = TimeSpan.FromDays(90);
    public TimeSpan RootTtl { get; init; } = TimeSpan.FromDays(3650);
    public string CaFolder { get; init; } = "/etc/cacerts";
    public string RootConfigMap { get; init; } = "istio-ca-root-cert";
    public TimeSpan DebounceQuiet { get; init; } = TimeSpan.FromMilliseconds(100);
    public TimeSpan DebounceMax { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan StreamAgeMax { get; init; } = TimeSpan.FromMinutes(30);
    public int RequestBytesMax { get; init; } = 32 * 1024 * 1024;
    public TimeSpan DrainWindow { get; init; } = TimeSpan.FromSeconds(20);
    public int SecurePort { get; init; } = 15012;
    public int MonitoringPort { get; init; } = 15014;
    public int HealthPort { get; init; } = 8080;

    public static ControlPlaneOptions Read(Func<string, string?> variable, out IReadOnlyList<OptionProblem> problems)
    {
        var reader = new OptionReader(variable);
        var podNamespace = reader.Text("POD_NAMESPACE", "istio-system");
        var options = new ControlPlaneOptions
        {
            Mesh = new MeshSettings
            {
                ClusterId = reader.Text("CLUSTER_ID", "Kubernetes"),
                TrustDomain = reader.Text("TRUST_DOMAIN", "cluster.local"),
                DnsSuffix = reader.Text("DOMAIN_SUFFIX", "cluster.local"),
                RootNamespace = reader.Text("ROOT_NAMESPACE", podNamespace),
                SystemNamespace = podNamespace,
                Revision = reader.Text("REVISION", "default"),
                DryRunPolicies = reader.Flag("AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", false),
            },
            PodName = reader.Text("POD_NAME", "control-plane"),
            ServiceNames = reader.List("SERVICE_NAMES", ["mesh-control-plane"]),
            CustomHosts = reader.List("ISTIOD_CUSTOM_HOST", []),
            TrustedNodeAccounts = reader.Accounts("CA_TRUSTED_NODE_ACCOUNTS"),
            TokenAudiences = reader.List("TOKEN_AUDIENCES", ["istio-ca"]),
            WorkloadTtlDefault = reader.Duration("DEFAULT_WORKLOAD_CERT_TTL", TimeSpan.FromHours(24), TimeSpan.FromMinutes(1)),
            WorkloadTtlMax = reader.Duration("MAX_WORKLOAD_CERT_TTL", TimeSpan.FromDays(90), TimeSpan.FromMinutes(1)),
            RootTtl = reader.Duration("CITADEL_SELF_SIGNED_CA_CERT_TTL", TimeSpan.FromDays(3650), TimeSpan.FromHours(1)),
            CaFolder = reader.Text("ROOT_CA_DIR", "/etc/cacerts"),
            RootConfigMap = reader.Text("PILOT_CA_CERT_CONFIGMAP", "istio-ca-root-cert"),
            DebounceQuiet = reader.Duration("PILOT_DEBOUNCE_AFTER", TimeSpan.FromMilliseconds(100), TimeSpan.Zero),
            DebounceMax = reader.Duration("PILOT_DEBOUNCE_MAX", TimeSpan.FromSeconds(10), TimeSpan.Zero),
            StreamAgeMax = reader.Duration("XDS_STREAM_AGE_MAX", TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(10)),
            RequestBytesMax = reader.Number("ISTIO_GPRC_MAXRECVMSGSIZE", 32 * 1024 * 1024, 1024 * 1024, int.MaxValue),
            DrainWindow = reader.Duration("DRAIN_WINDOW", TimeSpan.FromSeconds(20), TimeSpan.Zero),
            SecurePort = reader.Number("SECURE_PORT", 15012, 0, ushort.MaxValue),
            MonitoringPort = reader.Number("MONITORING_PORT", 15014, 0, ushort.MaxValue),
            HealthPort = reader.Number("HEALTH_PORT", 8080, 0, ushort.MaxValue),
        };
        if (options.WorkloadTtlDefault > options.WorkloadTtlMax)
        {
            reader.Problem("DEFAULT_WORKLOAD_CERT_TTL", options.WorkloadTtlDefault.ToString("c", CultureInfo.InvariantCulture),
                "make it no longer than MAX_WORKLOAD_CERT_TTL");
        }
        problems = reader.Problems;
        return options;
    }
}
