using Mesh.Cni.Selection;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reconciling;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>Brings one pod of this node in line: into the mesh, out of it, or as it was. Called for every change and by the sweep.</summary>
internal sealed class PodReconciler(PodFacts facts, PodTable table, Enrolment enrolment, NamespaceFinder finder, CniMetrics metrics, ILogger log)
    : IReconciler
{
    private static readonly TimeSpan s_copyLag = TimeSpan.FromSeconds(1);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop)
    {
        var pod = facts.Find(key);
        foreach (var uid in table.UidsOf(key))
        {
            if (pod?.Metadata.Uid == uid) continue;
            // The plugin may be ahead of our copy: who releases a pod that is just starting leaves it rules without a listener.
            if (await facts.IsThereAsync(key, uid, stop)) return ReconcileResult.After(s_copyLag);
            await ReleaseAsync(uid, alive: null, "removed", stop); // Its rules went with its namespace.
        }

        if (pod is null) return ReconcileResult.Done;
        var said = pod.Metadata.Annotations.Find(PodAnnotations.Redirection);
        var isIn = table.Contains(pod.Metadata.Uid) || said is PodAnnotations.Enabled or PodAnnotations.Pending;
        if (pod.IsTerminal) return isIn ? Result(await ReleaseAsync(pod.Metadata.Uid, pod, "completed", stop)) : ReconcileResult.Done;
        if (!facts.Wants(pod)) return isIn ? Result(await ReleaseAsync(pod.Metadata.Uid, pod, "unlabelled", stop)) : ReconcileResult.Done;
        if (pod.Metadata.IsBeingDeleted) return ReconcileResult.Done; // It stays as it is to its end.
        return await EnsureAsync(pod, said, stop);
    }

    private async Task<ReconcileResult> EnsureAsync(Pod pod, string? said, CancellationToken stop)
    {
        var addresses = PodFacts.AddressesOf(pod);
        if (addresses.Count == 0) return ReconcileResult.Done; // The plugin sees to new pods; the address brings us back.
        var opened = finder.Find(pod.Metadata.Uid, addresses);
        if (opened is null && !table.Contains(pod.Metadata.Uid))
        {
            finder.Forget();
            return ReconcileResult.Failed($"pod {pod.Metadata.Key}: no process shows its network namespace yet");
        }

        var problem = await enrolment.EnrolAsync(pod, opened, addresses, waitForZtunnel: TimeSpan.Zero, stop);
        if (problem is not null) return ReconcileResult.Failed($"pod {pod.Metadata.Key}: {problem}");
        if (said != PodAnnotations.Enabled)
        {
            metrics.Events.With("enrolled").Increment();
            log.LogInformation("pod {Pod} is in the mesh", pod.Metadata.Key);
        }

        return ReconcileResult.Done;
    }

    private async Task<string?> ReleaseAsync(string uid, Pod? alive, string why, CancellationToken stop)
    {
        // After a restart of the agent the rules are there though the table knows nothing, or the pod but not its namespace.
        var opened = alive is { IsTerminal: false } && !table.HasNamespace(uid) ? finder.Find(uid, PodFacts.AddressesOf(alive)) : null;
        var problem = await enrolment.ReleaseAsync(uid, alive, opened, stop);
        if (problem is not null)
        {
            finder.Forget();
            return $"pod {alive?.Metadata.Key.ToString() ?? uid} cannot leave the mesh yet: {problem}";
        }

        metrics.Events.With(why).Increment();
        log.LogInformation("pod {Pod} left the mesh: {Why}", alive?.Metadata.Key.ToString() ?? uid, why);
        return null;
    }

    private static ReconcileResult Result(string? problem) => problem is null ? ReconcileResult.Done : ReconcileResult.Failed(problem);
}
