using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Api;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Install;

/// <summary>
/// The way out, in the order that leaves every pod with a working network: the agent takes its rules out of the pods, then ztunnel goes,
/// then the control plane, then the rest. A ztunnel that goes before the rules would leave pods talking to nobody, and an account that goes
/// before its agent would keep that agent from knowing that it leaves.
/// </summary>
internal sealed class MeshRemoval(KubernetesClient kubernetes, MeshInstaller installer, WorkloadExit exit)
{
    private const string RootConfigMap = "istio-ca-root-cert";
    private const string RootsAreOurs = $"{MeshRenderer.ManagedByLabel}=mesh-control-plane";
    private const string OwnBinding = "mesh-operator";
    private const string EnrolledAnnotation = "ambient.istio.io/redirection";

    public async Task<RemovalStep> RemoveAsync(MeshInstall mesh, RemovalClock clock, CancellationToken stop)
    {
        var (meshNamespace, nodeNamespace) = Namespaces(mesh);
        var components = await installer.ObserveAsync(meshNamespace, nodeNamespace, stop);
        var forced = new List<string>();
        foreach (var (step, act) in Steps(mesh, meshNamespace, nodeNamespace))
        {
            if (await act(stop) is not { } unfinished) continue;
            if (clock.IsWaitedFor(step)) return new(unfinished, components, step, Text(forced));
            if (clock.IsJustOver(step)) forced.Add($"not waited for any longer: {unfinished}");
        }
        // The very last act: without these bindings no other step could be taken again.
        foreach (var name in new[] { meshNamespace, nodeNamespace }) await DeleteOwnBindingAsync(name, stop);
        return new(null, components, Forced: Text(forced));
    }

    private static string? Text(List<string> forced) => forced.Count == 0 ? null : string.Join("; ", forced);

    // Each tells what is unfinished, null when nothing is.
    private (string Step, Func<CancellationToken, Task<string?>> Act)[] Steps(MeshInstall mesh, string meshNamespace, string nodeNamespace) =>
    [
        (RemovalClock.Agents, async stop => await IsOursAsync(nodeNamespace, stop)
            ? await exit.GoneAsync(WorkloadTypes.DaemonSets, new(nodeNamespace, "mesh-cni"), stop)
                ?? (mesh.Spec.Cni.Enabled ? await EnrolledAsync(stop) : null)
            : null),
        (RemovalClock.Proxies, async stop => await IsOursAsync(nodeNamespace, stop)
            ? await exit.GoneAsync(WorkloadTypes.DaemonSets, new(nodeNamespace, "ztunnel"), stop)
            : null),
        (RemovalClock.ControlPlane, async stop => await IsOursAsync(meshNamespace, stop)
            ? await exit.GoneAsync(WorkloadTypes.Deployments, new(meshNamespace, "mesh-control-plane"), stop)
            : null),
        // An agent that is asked whether it leaves for good asks the server, as its account.
        (RemovalClock.Accounts, stop => exit.PodsGoneAsync(new(nodeNamespace, "mesh-cni"), stop)),
        (RemovalClock.Namespaces, async stop =>
        {
            await DeleteRestAsync(mesh, meshNamespace, nodeNamespace, stop);
            await DeleteRootsAsync(stop);
            return await NamespacesGoneAsync([meshNamespace, nodeNamespace], stop);
        }),
    ];

    /// <summary>Leaves the objects as they are, without an owner; without its control plane where only the data plane is to stay.</summary>
    public async Task<RemovalStep> OrphanAsync(MeshInstall mesh, bool keepControlPlane, CancellationToken stop)
    {
        var (meshNamespace, nodeNamespace) = Namespaces(mesh);
        if (!keepControlPlane && await IsOursAsync(meshNamespace, stop))
        {
            var waiting = await exit.GoneAsync(WorkloadTypes.Deployments, new(meshNamespace, "mesh-control-plane"), stop);
            if (waiting is not null) return new(waiting, []);
        }
        foreach (var (type, one) in await OwnedAsync(mesh, [meshNamespace, nodeNamespace], stop))
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = one.Metadata.Uid, ["ownerReferences"] = null } };
            await kubernetes.PatchAsync(type, one.Metadata.Key, PatchKind.Merge, patch, stop);
        }
        return new(null, []);
    }

    // What was applied, not what the spec may say by now.
    private static (string Mesh, string Node) Namespaces(MeshInstall mesh) =>
        (mesh.Status.Resolved?.Namespace ?? mesh.Spec.Namespace, mesh.Status.Resolved?.NodeNamespace ?? mesh.Spec.NodeNamespace);

    // Alive, and with the binding that lets us act in it: where that is gone, so is what we had there.
    private async Task<bool> IsOursAsync(string name, CancellationToken stop) =>
        await kubernetes.FindAsync(Namespace.Resource, ObjectKey.ClusterScoped(name), stop) is { Metadata.IsBeingDeleted: false }
        && await kubernetes.FindAsync(WorkloadTypes.RoleBindings, new ObjectKey(name, OwnBinding), stop) is { Metadata.IsBeingDeleted: false };

    private async Task DeleteOwnBindingAsync(string name, CancellationToken stop)
    {
        if (!await IsOursAsync(name, stop)) return;
        await kubernetes.DeleteAsync(WorkloadTypes.RoleBindings, new ObjectKey(name, OwnBinding), DeleteOptions.Default, stop);
    }

    private async Task<string?> EnrolledAsync(CancellationToken stop)
    {
        var pods = await kubernetes.ListAsync(PartialObject.Of(Pod.Resource), ListOptions.All, stop);
        var enrolled = pods.Items.Where(pod => pod.Metadata.Annotations.Has(EnrolledAnnotation, "enabled")).ToList();
        return enrolled.Count == 0 ? null : $"{enrolled.Count} pods are still enrolled, the first is {enrolled[0].Metadata.Key}";
    }

    private async Task DeleteRestAsync(MeshInstall mesh, string meshNamespace, string nodeNamespace, CancellationToken stop)
    {
        var alive = new List<string>();
        foreach (var name in new[] { meshNamespace, nodeNamespace })
        {
            if (await IsOursAsync(name, stop)) alive.Add(name);
        }
        foreach (var (type, one) in await OwnedAsync(mesh, alive, stop))
        {
            if (type.Kind == "RoleBinding" && one.Metadata.Name == OwnBinding) continue;
            await kubernetes.DeleteAsync(type, one.Metadata.Key, DeleteOptions.Default with { Uid = one.Metadata.Uid }, stop);
        }
    }

    // What the control plane put into every namespace: a root that nobody signs with any more. Another mesh's of that name stays.
    private async Task DeleteRootsAsync(CancellationToken stop)
    {
        var roots = await kubernetes.ListAsync(
            PartialObject.Of(ConfigMap.Resource), new ListOptions { FieldSelector = $"metadata.name={RootConfigMap}", LabelSelector = RootsAreOurs }, stop);
        foreach (var root in roots.Items)
        {
            if (!root.Metadata.IsBeingDeleted) await kubernetes.DeleteAsync(ConfigMap.Resource, root.Metadata.Key, DeleteOptions.Default, stop);
        }
    }

    private async Task<List<(ResourceType<KubernetesObject> Type, KubernetesObject Object)>> OwnedAsync(
        MeshInstall mesh, IReadOnlyList<string> namespaces, CancellationToken stop)
    {
        var owned = new List<(ResourceType<KubernetesObject> Type, KubernetesObject Object)>();
        foreach (var (type, which) in WorkloadTypes.Managed(namespaces))
        {
            if (await kubernetes.Discovery.FindAsync(type.Group, type.Kind, stop) is not { } served) continue;
            foreach (var one in (await kubernetes.ListAsync(served, which, stop)).Items)
            {
                if (one.Metadata.FindController()?.Uid == mesh.Metadata.Uid && !one.Metadata.IsBeingDeleted) owned.Add((served, one));
            }
        }
        return owned;
    }

    private async Task<string?> NamespacesGoneAsync(IReadOnlyList<string> namespaces, CancellationToken stop)
    {
        string? waiting = null;
        foreach (var name in namespaces)
        {
            var key = ObjectKey.ClusterScoped(name);
            if (await kubernetes.FindAsync(Namespace.Resource, key, stop) is not { } found) continue;
            if (!found.Metadata.Annotations.ContainsKey(FactsSource.MadeAnnotation)) continue;
            if (!found.Metadata.IsBeingDeleted) await kubernetes.DeleteAsync(Namespace.Resource, key, DeleteOptions.Default, stop);
            waiting ??= $"namespace {name} is being deleted";
        }
        return waiting;
    }
}
