using System.Text.Json.Nodes;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rendering;

/// <summary>
/// The variables of each component: how the spec reaches its programs. A user's variable wins over ours of the same name.
/// </summary>
internal static class PodEnvironment
{
    public static JsonArray ControlPlane(MeshInstallSpec spec) => Build(
        [
            .. Program(spec.ControlPlane),
            Value("TRUST_DOMAIN", spec.Mesh.TrustDomain),
            Value("CLUSTER_ID", spec.Mesh.ClusterName),
            Value("CA_TRUSTED_NODE_ACCOUNTS", $"{spec.NodeNamespace}/ztunnel"),
            Value("DEFAULT_WORKLOAD_CERT_TTL", spec.Ca.WorkloadCertTtl),
            Field("POD_NAME", "metadata.name"),
            Field("POD_NAMESPACE", "metadata.namespace"),
        ],
        spec.ControlPlane);

    public static JsonArray Cni(MeshInstallSpec spec) => Build(
        [
            Value("RUST_LOG", spec.Cni.LogLevel),
            Value("AMBIENT_DNS_CAPTURE", "true"),
            Value("AMBIENT_IPV6", "true"),
            Value("AMBIENT_RECONCILE_POD_RULES_ON_STARTUP", "true"),
            Value("EXCLUDE_NAMESPACES", string.Join(',', spec.Cni.ExcludeNamespaces)),
            Field("NODE_NAME", "spec.nodeName"),
            Field("POD_NAME", "metadata.name"),
            Field("POD_NAMESPACE", "metadata.namespace"),
        ],
        spec.Cni);

    public static JsonArray Ztunnel(MeshInstallSpec spec) => Build(
        [
            Value("RUST_LOG", spec.Ztunnel.LogLevel),
            Value("LOG_FORMAT", spec.Ztunnel.LogFormat),
            Value("XDS_ADDRESS", $"istiod.{spec.Namespace}.svc:15012"),
            Value("CA_ADDRESS", $"istiod.{spec.Namespace}.svc:15012"),
            Value("ISTIO_META_CLUSTER_ID", spec.Mesh.ClusterName),
            Value("CLUSTER_ID", spec.Mesh.ClusterName),
            Value("NETWORK", spec.Mesh.Network),
            Value("TRUST_DOMAIN", spec.Mesh.TrustDomain),
            Value("SECRET_TTL", spec.Ca.WorkloadCertTtl),
            Value("INPOD_ENABLED", "true"),
            Value("TERMINATION_GRACE_PERIOD_SECONDS", "30"),
            Field("NODE_NAME", "spec.nodeName"),
            Field("POD_NAME", "metadata.name"),
            Field("POD_NAMESPACE", "metadata.namespace"),
            Field("INSTANCE_IP", "status.podIP"),
            Field("SERVICE_ACCOUNT", "spec.serviceAccountName"),
            .. RevocationLists(spec.Ca),
        ],
        spec.Ztunnel);

    private static IEnumerable<JsonObject> RevocationLists(CaSpec ca) => ca.CrlRef is null ? [] : [Value("CRL_PATH", "/var/run/secrets/crl/ca-crl.pem")];

    private static IEnumerable<JsonObject> Program(PodSettings settings) =>
    [
        // The web server tells of every request; where the user wants that, a directive of theirs comes later and wins.
        Value("RUST_LOG", $"Microsoft=warn,System=warn,{settings.LogLevel}"),
        // The runtime's diagnostics socket would need a writable place and serves nobody here.
        Value("DOTNET_EnableDiagnostics", "0"),
        Value("DOTNET_GCHeapHardLimitPercent", "4B"), // 75, read as hexadecimal: what is left is for code and stacks.
    ];

    private static JsonArray Build(IReadOnlyList<JsonObject> ours, PodSettings settings)
    {
        var given = settings.Env.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal);
        var all = new JsonArray();
        foreach (var variable in ours)
        {
            if (!given.ContainsKey(variable["name"]!.GetValue<string>())) all.Add(variable);
        }
        foreach (var (name, value) in given) all.Add(Value(name, value));
        return all;
    }

    private static JsonObject Value(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static JsonObject Field(string name, string path) => new()
    {
        ["name"] = name,
        // The server would add the version by itself; said here, so that ours and its object are equal.
        ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = path } },
    };
}
