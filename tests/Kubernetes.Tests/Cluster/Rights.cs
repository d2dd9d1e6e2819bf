using System.Text;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>Grants a service account what a test needs, in one namespace. (Roles such as edit are empty without a controller manager.)</summary>
internal static class Rights
{
    public static async Task GrantAsync(KubernetesClient admin, string space, string account, string role = "cluster-admin") =>
        (await admin.ApplyAsync(
            KubernetesObject.Parse(Encoding.UTF8.GetBytes(
                $$"""
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"{{account}}-{{role}}","namespace":"{{space}}"},
                "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{role}}"},
                "subjects":[{"kind":"ServiceAccount","name":"{{account}}","namespace":"{{space}}"}]}
                """)),
            ApplyOptions.Default,
            Wait.Stop)).Get();
}
