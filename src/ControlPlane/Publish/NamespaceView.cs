using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes.Objects;
using KubeService = Mesh.Kubernetes.Objects.Service;

namespace Mesh.ControlPlane.Publish;

/// <summary>What one namespace holds, filed by what selects and refers to it. Owned by the index's writer.</summary>
internal sealed class NamespaceView
{
    private static readonly IReadOnlySet<string> NoNames = new HashSet<string>();

    public Namespace? Namespace { get; set; }
    public Dictionary<string, Pod> Pods { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, KubeService> Services { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, EndpointSlice> Slices { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, AuthorizationPolicyObject> Policies { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, PeerAuthenticationObject> Peers { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, ServiceEntryObject> ServiceEntries { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, WorkloadEntryObject> WorkloadEntries { get; } = new(StringComparer.Ordinal);

    public SelectorTable<KubeService> ServiceSelectors { get; } = new(s => s.Spec.Selector);
    public SelectorTable<ServiceEntryObject> EntrySelectors { get; } = new(s => s.Spec.WorkloadSelector?.Wanted() ?? StringMap.Empty);
    public SelectorTable<AuthorizationPolicyObject> PolicySelectors { get; } = new(p => p.Spec.Selector?.Wanted() ?? StringMap.Empty);

    private readonly Dictionary<string, HashSet<string>> _slicesByService = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _slicesByPod = new(StringComparer.Ordinal);

    public IReadOnlySet<string> SlicesOfService(string service) => _slicesByService.GetValueOrDefault(service) ?? NoNames;

    /// <summary>Slices that refer to the pod by name.</summary>
    public IReadOnlySet<string> SlicesOfPod(string pod) => _slicesByPod.GetValueOrDefault(pod) ?? NoNames;

    public void FileSlice(EndpointSlice? old, EndpointSlice? now)
    {
        if (old is not null) Remove(_slicesByService, old.ServiceName, old.Metadata.Name);
        if (now is not null) Add(_slicesByService, now.ServiceName, now.Metadata.Name);
    }

    /// <summary>Only slices of services without a selector are filed by pod: the others' pods are found by their labels.</summary>
    public void FilePods(EndpointSlice slice, bool present)
    {
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.TargetRef is not { Kind: "Pod", Name: { } pod }) continue;
            if (present) Add(_slicesByPod, pod, slice.Metadata.Name);
            else Remove(_slicesByPod, pod, slice.Metadata.Name);
        }
    }

    private static void Add(Dictionary<string, HashSet<string>> sets, string key, string value)
    {
        if (!sets.TryGetValue(key, out var set)) sets[key] = set = new HashSet<string>(StringComparer.Ordinal);
        set.Add(value);
    }

    private static void Remove(Dictionary<string, HashSet<string>> sets, string key, string value)
    {
        if (sets.TryGetValue(key, out var set) && set.Remove(value) && set.Count == 0) sets.Remove(key);
    }
}
