using System.Net;
using Mesh.Cni.Selection;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;

namespace Mesh.Cni.Agent;

/// <summary>What the agent knows of this node's pods and of their namespaces, from its own copies and, where these lag, from the server.</summary>
internal sealed class PodFacts(KubernetesClient kubernetes, Lister<Pod> pods, Lister<Namespace> namespaces, EnrolmentRule rule)
{
    /// <summary>How long a pod that kubelet already knows may be missing from our copy before the server is asked.</summary>
    private static readonly TimeSpan CacheLag = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(10);

    public IEnumerable<Pod> All => pods.List();

    public Pod? Find(ObjectKey key) => pods.Find(key);

    /// <summary>Whether the pod belongs to the mesh; a namespace not yet known has no labels.</summary>
    public bool Wants(Pod pod) => rule.Wants(pod, LabelsOf(pod.Metadata.Namespace));

    /// <summary>The pod the plugin speaks of, by name and, where the runtime says it, by UID; null when the server knows none.</summary>
    public async Task<Pod?> FindForPluginAsync(ObjectKey key, string uid, TimeProvider time, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (pods.Find(key) is { } known && IsMeant(known, uid)) return known;
            if (time.GetElapsedTime(started) > CacheLag) break;
            await Task.Delay(LookAgain, time, stop);
        }

        return await kubernetes.FindAsync(Pod.Resource, key, stop) is { } found && IsMeant(found, uid) ? found : null;
    }

    /// <summary>Whether the server has this very pod, for when our copy has not: the copy may be behind. In doubt it has.</summary>
    public async Task<bool> IsThereAsync(ObjectKey key, string uid, CancellationToken stop)
    {
        var result = await kubernetes.TryGetAsync(PartialObject.Of(Pod.Resource), key, stop);
        return result.Value is { } found ? found.Metadata.Uid == uid : result.Error?.Reason != ApiErrorReason.NotFound;
    }

    /// <summary>As <see cref="Wants"/>, asking the server for a namespace that our copy lacks: a new pod must not slip by.</summary>
    public async Task<bool> WantsAsync(Pod pod, CancellationToken stop)
    {
        var space = ObjectKey.ClusterScoped(pod.Metadata.Namespace);
        var known = namespaces.Find(space) ?? await kubernetes.GetAsync(Namespace.Resource, space, stop);
        return rule.Wants(pod, known.Metadata.Labels);
    }

    /// <summary>The namespaces in which no pod is or would be enrolled: the plugin may let their pods start when nobody can be asked.</summary>
    public HashSet<string> PlainNamespaces()
    {
        var plain = new HashSet<string>(StringComparer.Ordinal);
        foreach (var space in namespaces.List())
        {
            if (!rule.WantsNamespace(space.Metadata.Name, space.Metadata.Labels)) plain.Add(space.Metadata.Name);
        }

        foreach (var pod in pods.List())
        {
            if (Wants(pod)) plain.Remove(pod.Metadata.Namespace); // Its namespace holds pods that are labelled one by one.
        }

        return plain;
    }

    public static List<IPAddress> AddressesOf(Pod pod)
    {
        var addresses = new List<IPAddress>();
        foreach (var ip in pod.Status.PodIps)
        {
            if (IPAddress.TryParse(ip.Ip, out var address)) addresses.Add(address);
        }

        if (addresses.Count == 0 && IPAddress.TryParse(pod.Status.PodIp, out var single)) addresses.Add(single);
        return addresses;
    }

    private static bool IsMeant(Pod pod, string uid) => uid.Length == 0 || pod.Metadata.Uid == uid;

    private StringMap LabelsOf(string space) => namespaces.Find(ObjectKey.ClusterScoped(space))?.Metadata.Labels ?? StringMap.Empty;
}
