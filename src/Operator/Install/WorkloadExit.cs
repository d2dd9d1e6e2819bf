using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Operator.Install;

/// <summary>Takes workloads away and tells when they are gone with all their pods, which may still need their account.</summary>
internal sealed class WorkloadExit(KubernetesClient kubernetes)
{
    /// <summary>Null when the workload and all its pods are gone, else what is still there.</summary>
    public async Task<string?> GoneAsync(ResourceType<KubernetesObject> type, ObjectKey key, CancellationToken stop)
    {
        if (await kubernetes.FindAsync(type, key, stop) is { } found)
        {
            if (!found.Metadata.IsBeingDeleted) await kubernetes.DeleteAsync(type, key, DeleteOptions.Default with { Uid = found.Metadata.Uid }, stop);
            return $"{type.Kind} {key} is being deleted";
        }
        return await PodsGoneAsync(key, stop);
    }

    /// <summary>Null when no pod of this workload is left.</summary>
    public async Task<string?> PodsGoneAsync(ObjectKey key, CancellationToken stop)
    {
        var pods = await kubernetes.ListAsync(
            PartialObject.Of(Pod.Resource), new ListOptions { Namespace = key.Namespace, LabelSelector = $"app={key.Name}" }, stop);
        return pods.Items.Count == 0 ? null : $"{pods.Items.Count} pods of {key.Name} are ending, the first is {pods.Items[0].Metadata.Key}";
    }
}
