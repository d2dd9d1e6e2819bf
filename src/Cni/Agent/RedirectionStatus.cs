using System.Text.Json.Nodes;
using Mesh.Cni.Selection;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Agent;

/// <summary>Says on the pod whether its traffic is redirected; the control plane sends HBONE only to pods that say so.</summary>
internal sealed class RedirectionStatus(KubernetesClient kubernetes)
{
    /// <summary>Null, or why it could not be written. A pod that is gone needs no word.</summary>
    public async Task<string?> WriteAsync(Pod pod, string? value, CancellationToken stop)
    {
        if (pod.Metadata.Annotations.Find(PodAnnotations.Redirection) == value) return null;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.Uid, // Never on a successor of the same name.
                ["annotations"] = new JsonObject { [PodAnnotations.Redirection] = value },
            },
        };
        var result = await kubernetes.TryPatchAsync(Pod.Resource, pod.Metadata.Key, PatchKind.Merge, patch, WriteOptions.Status, stop);
        return result.Error is null or { Reason: ApiErrorReason.NotFound or ApiErrorReason.Conflict }
            ? null
            : $"cannot write {PodAnnotations.Redirection}: {result.Error}";
    }
}
