using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Publish;

/// <summary>What has to be translated again. Owned by the index's writer.</summary>
internal sealed class DirtySet
{
    public HashSet<ObjectKey> Pods { get; } = [];
    public HashSet<ObjectKey> Services { get; } = [];
    public HashSet<ObjectKey> Slices { get; } = [];
    public HashSet<ObjectKey> WorkloadEntries { get; } = [];
    public HashSet<ObjectKey> ServiceEntries { get; } = [];
    public HashSet<ObjectKey> Policies { get; } = [];
    public HashSet<ObjectKey> Peers { get; } = [];
    public HashSet<string> Hosts { get; } = new(StringComparer.Ordinal);
    public bool StaticStrict { get; set; }

    public bool IsEmpty =>
        Pods.Count + Services.Count + Slices.Count + WorkloadEntries.Count + ServiceEntries.Count + Policies.Count + Peers.Count + Hosts.Count == 0
        && !StaticStrict;

    public void Clear()
    {
        Pods.Clear();
        Services.Clear();
        Slices.Clear();
        WorkloadEntries.Clear();
        ServiceEntries.Clear();
        Policies.Clear();
        Peers.Clear();
        Hosts.Clear();
        StaticStrict = false;
    }
}
