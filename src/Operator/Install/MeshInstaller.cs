using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Install;

/// <summary>
/// Takes rendered objects to the cluster wave by wave. A wave whose workloads have not rolled out holds back the changes of later waves,
/// not the repair of what is there already. Progress is in the cluster only, so any operator can go on where another one died.
/// </summary>
internal sealed class MeshInstaller(KubernetesClient kubernetes, ObjectApplier applier, WorkloadExit exit)
{
    /// <summary>One pass. <paramref name="isSettled"/>: exactly these objects were complete before, so nothing is held back.</summary>
    public async Task<InstallOutcome> RunAsync(
        IReadOnlyList<RenderedObject> objects, string driftPolicy, bool isSettled, CancellationToken stop)
    {
        await InstallDefinitionsAsync(stop);
        var components = new List<ComponentState>();
        var corrected = new List<RenderedObject>();
        string? waitingFor = null;
        var drifted = 0;
        foreach (var wave in objects.GroupBy(one => one.Wave).OrderBy(wave => wave.Key))
        {
            var held = waitingFor is not null && !isSettled;
            foreach (var one in wave)
            {
                var applied = held ? await RepairAsync(one, driftPolicy, stop) : await applier.EnsureAsync(one, driftPolicy, stop);
                if (applied is null) continue;
                if (applied.Action == ApplyAction.Corrected) corrected.Add(one);
                if (applied.Action == ApplyAction.LeftDrifted) drifted++;
                if (applied.Action == ApplyAction.Terminating)
                {
                    waitingFor ??= $"{applied.Object} is still being deleted; it is made anew when it is gone";
                }
                if (!Rollout.IsWorkload(applied.Object)) continue;
                var state = await ObserveAsync(applied.Object, stop);
                components.Add(state);
                if (!state.Rollout.IsComplete) waitingFor ??= Waiting(state);
            }
        }
        return new InstallOutcome { Components = components, WaitingFor = waitingFor, Drifted = drifted, Corrected = corrected };
    }

    /// <summary>The components as they run, without touching them; those that do not exist are left out.</summary>
    public async Task<IReadOnlyList<ComponentState>> ObserveAsync(string meshNamespace, string nodeNamespace, CancellationToken stop)
    {
        (ResourceType<KubernetesObject> Type, ObjectKey Key)[] workloads =
        [
            (WorkloadTypes.Deployments, new(meshNamespace, "mesh-control-plane")),
            (WorkloadTypes.DaemonSets, new(nodeNamespace, "mesh-cni")),
            (WorkloadTypes.DaemonSets, new(nodeNamespace, "ztunnel")),
        ];
        var components = new List<ComponentState>();
        foreach (var (type, key) in workloads)
        {
            var found = await kubernetes.TryGetAsync(type, key, stop);
            // Before the first installation nobody has given us rights in these namespaces, and nothing of ours is there.
            if (found.Error?.Reason is ApiErrorReason.NotFound or ApiErrorReason.Forbidden) continue;
            components.Add(await ObserveAsync(found.Get(), stop));
        }
        return components;
    }

    /// <summary>
    /// Removes what we made for this mesh and no longer want, such as the agent of a mesh that no longer brings one: workloads first, their
    /// accounts and bindings when their last pod is gone. What is still waited for, null when nothing unwanted is left.
    /// </summary>
    public async Task<string?> PruneAsync(
        string ownerUid, IReadOnlyList<RenderedObject> objects, IReadOnlyList<string> namespaces, CancellationToken stop)
    {
        string? waitingFor = null;
        foreach (var (type, one) in await UnwantedAsync(ownerUid, objects, namespaces, stop))
        {
            if (WorkloadTypes.IsWorkload(type))
            {
                waitingFor ??= await exit.GoneAsync(type, one.Metadata.Key, stop);
                continue;
            }
            if (WorkloadTypes.IsRight(type))
            {
                // It has its workload's name, whose pods ask the server with it whether they leave for good.
                foreach (var name in namespaces) waitingFor ??= await exit.PodsGoneAsync(new ObjectKey(name, one.Metadata.Name), stop);
                if (waitingFor is not null) continue;
            }
            await kubernetes.DeleteAsync(type, one.Metadata.Key, DeleteOptions.Default with { Uid = one.Metadata.Uid }, stop);
        }
        return waitingFor;
    }

    // Workloads first, accounts and bindings last, as WorkloadTypes lists them.
    private async Task<List<(ResourceType<KubernetesObject> Type, KubernetesObject Object)>> UnwantedAsync(
        string ownerUid, IReadOnlyList<RenderedObject> objects, IReadOnlyList<string> namespaces, CancellationToken stop)
    {
        var wanted = objects.Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
        var unwanted = new List<(ResourceType<KubernetesObject> Type, KubernetesObject Object)>();
        foreach (var (type, which) in WorkloadTypes.Managed(namespaces))
        {
            if (await kubernetes.Discovery.FindAsync(type.Group, type.Kind, stop) is not { } served) continue;
            foreach (var one in (await kubernetes.ListAsync(served, which, stop)).Items)
            {
                var isOurs = one.Metadata.FindController()?.Uid == ownerUid;
                if (!isOurs || one.Metadata.IsBeingDeleted || wanted.Contains($"{type.Group}/{type.Kind}/{one.Metadata.Key}")) continue;
                unwanted.Add((served, one));
            }
        }
        return unwanted;
    }

    // Not yet its turn: what is there and was rendered alike before is repaired, the rest waits.
    private async Task<Applied?> RepairAsync(RenderedObject one, string driftPolicy, CancellationToken stop)
    {
        if (await applier.FindAsync(one.Object, stop) is not { } live) return null;
        var wanted = one.Object.Metadata.Annotations.Find(MeshRenderer.DigestAnnotation);
        return live.Metadata.Annotations.Find(MeshRenderer.DigestAnnotation) == wanted
            ? await applier.EnsureAsync(one, driftPolicy, stop)
            : new Applied(ApplyAction.InSync, live);
    }

    private async Task InstallDefinitionsAsync(CancellationToken stop)
    {
        foreach (var json in ChartTemplates.Definitions())
        {
            var definition = new KubernetesObject(json);
            // Somebody else's definition of the same kind may be newer than ours: only its absence, or an older one of our own, is ours to mend.
            if (await applier.FindAsync(definition, stop) is { } there && !there.Metadata.Labels.Has("app.kubernetes.io/part-of", "mesh")) continue;
            await applier.EnsureAsync(new RenderedObject(0, definition), "Correct", stop);
        }
    }

    private async Task<ComponentState> ObserveAsync(KubernetesObject workload, CancellationToken stop)
    {
        var rollout = Rollout.Of(workload);
        if (rollout.IsComplete) return new(rollout, null);
        var which = new ListOptions { Namespace = workload.Metadata.Namespace, LabelSelector = $"app={workload.Metadata.Name}" };
        var pods = await kubernetes.ListAsync(Pod.Resource, which, stop);
        var failure = PodFailures.Find(pods.Items) ?? (rollout.Stuck is { } stuck ? new(IsImage: false, stuck) : null);
        return new(rollout, failure);
    }

    private static string Waiting(ComponentState state) => state.Failure?.Message
        ?? $"{state.Rollout.Component}: {state.Rollout.Updated} of {state.Rollout.Desired} pods updated, {state.Rollout.Available} available";
}
