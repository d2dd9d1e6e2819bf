using Mesh.Kubernetes;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Install;

/// <summary>The kinds our templates emit, and where: what is watched for drift, pruned and removed.</summary>
internal static class WorkloadTypes
{
    public static readonly ResourceType<KubernetesObject> Deployments = Type("apps", "v1", "deployments", "Deployment");
    public static readonly ResourceType<KubernetesObject> DaemonSets = Type("apps", "v1", "daemonsets", "DaemonSet");
    public static readonly ResourceType<KubernetesObject> Services = Type("", "v1", "services", "Service");
    public static readonly ResourceType<KubernetesObject> ServiceAccounts = Type("", "v1", "serviceaccounts", "ServiceAccount");
    public static readonly ResourceType<KubernetesObject> RoleBindings =
        Type("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");

    public static readonly ResourceType<KubernetesObject> DisruptionBudgets =
        Type("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget");

    public static readonly ResourceType<KubernetesObject> DisruptionBudgetsBeforeV1 =
        Type("policy", "v1beta1", "poddisruptionbudgets", "PodDisruptionBudget");

    public static readonly ResourceType<KubernetesObject> ClusterRoleBindings = KubernetesObject.TypeOf(
        "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced: false);

    public static readonly ResourceType<KubernetesObject> Namespaces =
        KubernetesObject.TypeOf("", "v1", "namespaces", "Namespace", namespaced: false);

    /// <summary>What belongs to a namespace of ours, except the binding that lets us act in it: that one goes last.</summary>
    public static readonly IReadOnlyList<ResourceType<KubernetesObject>> Namespaced =
        [DaemonSets, Deployments, Services, DisruptionBudgets, ServiceAccounts, RoleBindings];

    public static bool IsWorkload(ResourceType type) => type.Kind is "Deployment" or "DaemonSet";

    /// <summary>What a workload's pods may do hangs on it.</summary>
    public static bool IsRight(ResourceType type) => type.Kind is "ServiceAccount" or "RoleBinding" or "ClusterRoleBinding";

    /// <summary>Everything that carries our label, by kind and place.</summary>
    public static IEnumerable<(ResourceType<KubernetesObject> Type, ListOptions Which)> Managed(IEnumerable<string> namespaces)
    {
        var ours = new ListOptions { LabelSelector = $"{MeshRenderer.ManagedByLabel}={MeshRenderer.ManagedByValue}" };
        foreach (var name in namespaces)
        {
            foreach (var type in Namespaced) yield return (type, ours with { Namespace = name });
        }
        yield return (ClusterRoleBindings, ours);
    }

    private static ResourceType<KubernetesObject> Type(string group, string version, string plural, string kind) =>
        KubernetesObject.TypeOf(group, version, plural, kind, namespaced: true);
}
