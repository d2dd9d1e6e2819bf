using System.Collections.Immutable;

namespace Mesh.Model.Snapshot;

/// <summary>The indexes over services, while they are being changed; touched services are rebuilt once per batch. One thread.</summary>
internal sealed class ServiceTables
{
    private readonly Dictionary<NamespacedHostname, MeshService> _stored = [];
    private readonly Dictionary<NamespacedHostname, Draft> _touched = [];

    public TableBuilder<MeshService> ByKey { get; } = new();

    public TableBuilder<MeshService> ByHostname { get; } = new();

    public TableBuilder<MeshService> ByAddress { get; } = new();

    public ImmutableArray<VirtualRange> Ranges { get; private set; } = [];

    public void Set(Service service) => Touch(service.Key).Service = service;

    public bool Remove(NamespacedHostname key)
    {
        if (!_stored.ContainsKey(key) && !_touched.ContainsKey(key)) return false;
        Touch(key).Service = null;
        return true;
    }

    public void Join(NamespacedHostname key, MeshWorkload workload)
    {
        var draft = Touch(key);
        if (!draft.Left.Remove(workload)) draft.Joined.Add(workload);
    }

    public void Leave(NamespacedHostname key, MeshWorkload workload)
    {
        var draft = Touch(key);
        if (!draft.Joined.Remove(workload)) draft.Left.Add(workload);
    }

    /// <summary>Stores what the batch made of the touched services.</summary>
    public void Settle()
    {
        foreach (var (key, draft) in _touched)
        {
            _stored.Remove(key, out var old);
            var workloads = Members(old, draft);
            if (old is not null) Unlist(old);
            if (draft.Service is null && workloads.IsEmpty) continue;
            var fresh = new MeshService(key, draft.Service, workloads);
            _stored.Add(key, fresh);
            List(fresh);
        }

        _touched.Clear();
    }

    private static ImmutableArray<MeshWorkload> Members(MeshService? old, Draft draft)
    {
        var before = old?.Workloads ?? [];
        if (draft.Joined.Count == 0 && draft.Left.Count == 0) return before;
        var members = ImmutableArray.CreateBuilder<MeshWorkload>(before.Length + draft.Joined.Count);
        foreach (var workload in before)
        {
            if (!draft.Left.Contains(workload)) members.Add(workload);
        }

        foreach (var workload in draft.Joined) members.Add(workload);
        return members.DrainToImmutable();
    }

    private Draft Touch(NamespacedHostname key)
    {
        if (_touched.TryGetValue(key, out var draft)) return draft;
        _touched[key] = draft = new Draft { Service = _stored.GetValueOrDefault(key)?.Service };
        return draft;
    }

    private void List(MeshService fresh)
    {
        ByKey.Add(Hashes.Name(fresh.Key.Namespace, fresh.Key.Hostname), fresh);
        if (fresh.Service is not { } service) return;
        ByHostname.Add(TableMath.Hash(fresh.Key.Hostname), fresh);
        foreach (var address in service.Addresses)
        {
            var ip = Ip.From(address.Address);
            if (address.PrefixLength is { } length) Ranges = Ranges.Add(new VirtualRange(address.Network, ip, length, fresh));
            else ByAddress.Add(Hashes.Address(address.Network, ip), fresh);
        }
    }

    private void Unlist(MeshService old)
    {
        ByKey.Remove(Hashes.Name(old.Key.Namespace, old.Key.Hostname), old);
        if (old.Service is not { } service) return;
        ByHostname.Remove(TableMath.Hash(old.Key.Hostname), old);
        foreach (var address in service.Addresses)
        {
            if (address.PrefixLength is null) ByAddress.Remove(Hashes.Address(address.Network, Ip.From(address.Address)), old);
        }

        if (service.Addresses.Any(static a => a.PrefixLength is not null)) Ranges = Ranges.RemoveAll(range => ReferenceEquals(range.Service, old));
    }

    /// <summary>What a batch does to one service.</summary>
    private sealed class Draft
    {
        public Service? Service { get; set; }

        public HashSet<MeshWorkload> Joined { get; } = [];

        public HashSet<MeshWorkload> Left { get; } = [];
    }
}
