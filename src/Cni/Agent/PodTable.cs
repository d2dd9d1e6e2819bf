using System.Collections.Concurrent;
using Mesh.Inpod;
using Mesh.Kubernetes;

namespace Mesh.Cni.Agent;

/// <summary>All pods this node has in hand, by UID. Thread-safe; a pod is changed only under its gate.</summary>
internal sealed class PodTable
{
    private readonly ConcurrentDictionary<string, EnrolledPod> _byUid = new(StringComparer.Ordinal);

    public int Count => _byUid.Count;

    /// <summary>The pod with its gate held, new if it was unknown; give it back with <see cref="Unlock"/>.</summary>
    public async Task<EnrolledPod> LockAsync(string uid, CancellationToken stop)
    {
        while (true)
        {
            var pod = _byUid.GetOrAdd(uid, static id => new EnrolledPod(id));
            await pod.Gate.WaitAsync(stop);
            if (!pod.IsGone) return pod;
            pod.Gate.Release();
        }
    }

    public static void Unlock(EnrolledPod pod) => pod.Gate.Release();

    /// <summary>Drops a pod whose gate the caller holds, closing its namespace.</summary>
    public void Remove(EnrolledPod pod)
    {
        pod.IsGone = true;
        _byUid.TryRemove(new KeyValuePair<string, EnrolledPod>(pod.Uid, pod));
        pod.Dispose();
    }

    public bool Contains(string uid) => _byUid.TryGetValue(uid, out var pod) && pod.Info is not null;

    /// <summary>The pods of this name: more than one while a recreated pod's predecessor is not yet released.</summary>
    public List<string> UidsOf(ObjectKey key)
    {
        var found = new List<string>();
        foreach (var (uid, pod) in _byUid)
        {
            if (pod.Key == key) found.Add(uid);
        }

        return found;
    }

    /// <summary>Its rules can be taken out without looking for its namespace.</summary>
    public bool HasNamespace(string uid) => _byUid.TryGetValue(uid, out var pod) && pod.Namespace is not null;

    /// <summary>All pods in hand, as the sweep goes over them.</summary>
    public List<(ObjectKey Key, string Uid)> Pods()
    {
        var pods = new List<(ObjectKey Key, string Uid)>();
        foreach (var (uid, pod) in _byUid)
        {
            if (pod.Key != default) pods.Add((pod.Key, uid));
        }

        return pods;
    }

    public int CountAcked()
    {
        var count = 0;
        foreach (var (_, pod) in _byUid) count += pod.IsAcked ? 1 : 0;
        return count;
    }

    /// <summary>What a ztunnel that connects now should serve.</summary>
    public List<InpodPod> Published()
    {
        var pods = new List<InpodPod>();
        foreach (var (uid, pod) in _byUid)
        {
            if (pod is { IsPublished: true, Info: { } info }) pods.Add(new InpodPod(uid, info, pod.Namespace));
        }

        return pods;
    }

    /// <summary>ztunnel refused it: the next sweep asks again.</summary>
    public void NoteRefused(string uid)
    {
        if (_byUid.TryGetValue(uid, out var pod)) pod.IsAcked = false;
    }
}
