using System.Text.Json.Nodes;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rendering;

/// <summary>A valid spec, resolved: with the profile, the operator's defaults and the cluster's facts in it. Pure and immutable.</summary>
internal sealed record MeshPlan(MeshInstall Mesh, Version Version, ClusterFacts Facts, OperatorDefaults Defaults)
{
    private const string CniComponent = "cni";

    private static readonly JsonArray s_tolerateEverything = JsonNode.Parse(
        """[{"operator":"Exists","effect":"NoSchedule"},{"operator":"Exists","effect":"NoExecute"},{"key":"CriticalAddonsOnly","operator":"Exists"}]""")!
        .AsArray();

    private MeshInstallSpec Spec => Mesh.Spec;

    private Profile Profile => Profile.Get(Spec.Profile);

    public int Replicas => Spec.ControlPlane.Replicas ?? Profile.Replicas;

    public IReadOnlyDictionary<string, string> Images => ComponentImages.Resolve(Spec.Images, Defaults, Version, Spec.Cni.Enabled);

    public ResolvedStatus Resolved() => new()
    {
        Namespace = Spec.Namespace,
        NodeNamespace = Spec.NodeNamespace,
        TrustDomain = Spec.Mesh.TrustDomain,
        ClusterName = Spec.Mesh.ClusterName,
        CniBinDir = Spec.Cni.BinDir,
        CniConfDir = Spec.Cni.ConfDir,
        KubernetesVersion = Facts.Kubernetes.ToString(),
        ControlPlaneReplicas = Replicas,
        ZtunnelRollout = Facts.DaemonSetsSurge
            ? "maxSurge 1, maxUnavailable 0: the new pod starts before the old one ends"
            : $"maxUnavailable 1: Kubernetes {Facts.Kubernetes} has no DaemonSet maxSurge (1.22 and later have), so a node is "
                + "without its proxy while it moves",
        Images = Images,
    };

    public ChartValues Values() => new()
    {
        Version = Version.ToString(),
        Namespace = Spec.Namespace,
        NodeNamespace = Spec.NodeNamespace,
        OperatorNamespace = Defaults.Namespace,
        OperatorAccount = Defaults.ServiceAccount,
        Namespaces =
        [
            new(Spec.Namespace, "restricted", !Facts.ForeignNamespaces.Contains(Spec.Namespace)),
            new(Spec.NodeNamespace, "privileged", !Facts.ForeignNamespaces.Contains(Spec.NodeNamespace)),
        ],
        Replicas = Replicas,
        DisruptionBudget = Replicas > 1 && Facts.DisruptionBudgetApi is not null,
        DisruptionBudgetApi = Facts.DisruptionBudgetApi ?? "",
        Pod = ControlPlanePod(),
        Cni = Spec.Cni.Enabled ? new(Spec.Cni.BinDir, Spec.Cni.ConfDir, Spec.Cni.NetnsDir, CniPod()) : null,
        Ztunnel = new(Facts.DaemonSetsSurge, ZtunnelPod(), Spec.Ca.CrlRef is { } lists ? new(lists.Name, lists.Key) : null),
    };

    private PodValues ControlPlanePod() => Pod(
        "control-plane", "mesh-control-plane", Spec.ControlPlane, PodEnvironment.ControlPlane(Spec), Profile.ControlPlane, []) with
    {
        NodeSelector = Map(Spec.ControlPlane.NodeSelector),
        Affinity = Spec.ControlPlane.Affinity ?? Profile.ControlPlaneAffinity(),
    };

    private PodValues CniPod() =>
        Pod(CniComponent, "mesh-cni", Spec.Cni, PodEnvironment.Cni(Spec), Profile.Cni, s_tolerateEverything);

    private PodValues ZtunnelPod() =>
        Pod("ztunnel", "ztunnel", Spec.Ztunnel, PodEnvironment.Ztunnel(Spec), Profile.Ztunnel, s_tolerateEverything);

    private PodValues Pod(
        string component, string app, PodSettings settings, JsonArray env, ResourcesSpec resources, JsonArray tolerations) => new(
        Images[component],
        Spec.Images.PullPolicy,
        new JsonArray([.. Spec.Images.PullSecrets.Select(name => new JsonObject { ["name"] = name })]),
        env,
        Resources(settings.Resources ?? resources),
        // Ours come last: the selector and the enrolment of our own pods are not for sale.
        Map(settings.PodLabels, ("app", app), ("app.kubernetes.io/name", app), ("app.kubernetes.io/part-of", "mesh"),
            ("app.kubernetes.io/managed-by", "mesh-operator"), ("app.kubernetes.io/version", Version.ToString()),
            ("istio.io/dataplane-mode", "none"), ("sidecar.istio.io/inject", "false")),
        component == CniComponent && !Facts.HasAppArmorFields
            ? Map(settings.PodAnnotations, ($"container.apparmor.security.beta.kubernetes.io/{CniComponent}", "unconfined"))
            : Map(settings.PodAnnotations),
        Map(settings.NodeSelector, ("kubernetes.io/os", "linux")),
        settings.Tolerations ?? tolerations,
        settings.Affinity);

    private static JsonObject Resources(ResourcesSpec resources)
    {
        var all = new JsonObject();
        if (resources.Requests is { Count: > 0 }) all["requests"] = Map(resources.Requests);
        if (resources.Limits is { Count: > 0 }) all["limits"] = Map(resources.Limits);
        return all;
    }

    private static JsonObject Map(IReadOnlyDictionary<string, string>? given, params (string Key, string Value)[] ours)
    {
        var all = new JsonObject();
        foreach (var (key, value) in given ?? new Dictionary<string, string>()) all[key] = value;
        foreach (var (key, value) in ours) all[key] = value;
        return all;
    }
}
