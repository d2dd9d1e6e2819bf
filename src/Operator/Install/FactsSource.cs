using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Install;

/// <summary>Asks the cluster what a rendering has to know.</summary>
internal sealed class FactsSource(KubernetesClient kubernetes)
{
    /// <summary>On a namespace that was not there before the mesh.</summary>
    public const string MadeAnnotation = "install.mesh.dev/made";

    public async Task<ClusterFacts> ReadAsync(IEnumerable<string> namespaces, CancellationToken stop)
    {
        var (major, minor) = (await kubernetes.GetServerVersionAsync(stop)).Numbers;
        var budgets = await kubernetes.Discovery.ChooseAsync(
            [WorkloadTypes.DisruptionBudgets, WorkloadTypes.DisruptionBudgetsBeforeV1], stop);
        var foreign = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in namespaces)
        {
            var found = await kubernetes.FindAsync(Namespace.Resource, ObjectKey.ClusterScoped(name), stop);
            if (found is not null && !found.Metadata.Annotations.ContainsKey(MadeAnnotation)) foreign.Add(name);
        }
        return new ClusterFacts
        {
            Kubernetes = new Version(major, minor),
            DisruptionBudgetApi = budgets?.ApiVersion,
            ForeignNamespaces = foreign,
        };
    }
}
