using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Agent;

/// <summary>Why this agent ends: replaced by its successor, or for good.</summary>
internal sealed class Departure(KubernetesClient kubernetes, CniOptions options)
{
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// True only when the DaemonSet is certainly gone or going. Any doubt keeps everything: rules without an agent protect, an
    /// unprotected node does not.
    /// </summary>
    public async Task<bool> IsForGoodAsync(Pod? self, TimeProvider time)
    {
        if (options.AlwaysUninstalls) return true;
        if (self?.Metadata.FindController() is not { Kind: "DaemonSet" } owner) return false;
        using var limit = new CancellationTokenSource(AskLimit, time);
        try
        {
            var key = new ObjectKey(self.Metadata.Namespace, owner.Name);
            var result = await kubernetes.TryGetAsync(DaemonSet.Resource, key, limit.Token);
            if (result.Value is { } set) return set.Metadata.IsBeingDeleted || set.Metadata.Uid != owner.Uid;
            // A refused token (401) is doubt: it ends with the pod's object, which a forced deletion takes away while the DaemonSet stays.
            return result.Error?.Reason is ApiErrorReason.NotFound;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
