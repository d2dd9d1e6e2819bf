using System.Collections.Immutable;
using Mesh.Identity;

namespace Mesh.Model.Snapshot;

/// <summary>A workload as the snapshot keeps it: what is its own, and the shape it shares with its siblings. Immutable.</summary>
public sealed class MeshWorkload
{
    private readonly Ip _first;
    private readonly Ip[]? _addresses;
    private readonly bool _hasAddress;

    internal MeshWorkload(string name, string node, WorkloadShape shape, ImmutableArray<System.Net.IPAddress> addresses)
    {
        Name = name;
        Node = node;
        Shape = shape;
        if (addresses.IsDefaultOrEmpty) return;
        _hasAddress = true;
        _first = Ip.From(addresses[0]);
        if (addresses.Length == 1) return;
        _addresses = new Ip[addresses.Length];
        for (var i = 0; i < addresses.Length; i++) _addresses[i] = Ip.From(addresses[i]);
    }

    /// <summary>Equal when the uid is, whatever changed otherwise between two snapshots.</summary>
    public static IEqualityComparer<MeshWorkload> ByUid { get; } = new WorkloadUidComparer();

    public string Name { get; }

    public string Node { get; }

    public WorkloadShape Shape { get; }

    public string Namespace => Shape.Namespace;

    public string Network => Shape.Network;

    public SpiffeId Identity => Shape.Identity;

    public bool AcceptsHbone => Shape.Protocol == TunnelProtocol.Hbone;

    public bool IsHealthy => Shape.Status == HealthStatus.Healthy;

    public int AddressCount => _addresses?.Length ?? (_hasAddress ? 1 : 0);

    public string Uid => Shape.IsUidDerived ? $"{Shape.UidPrefix}{Namespace}/{Name}" : Shape.UidPrefix;

    /// <summary>Backed by a pod, as its uid tells.</summary>
    internal bool IsPod => Shape.UidPrefix.Contains("//Pod/", StringComparison.Ordinal);

    /// <summary>Where it ranks among workloads that claim one address: pods that speak HBONE first, then pods, then HBONE.</summary>
    internal int AddressRank => (IsPod ? 2 : 0) + (AcceptsHbone ? 1 : 0);

    public Ip AddressAt(int index) => _addresses is null ? _first : _addresses[index];

    public bool HasAddress(Ip ip)
    {
        if (_addresses is null) return _hasAddress && _first == ip;
        foreach (var address in _addresses)
        {
            if (address == ip) return true;
        }

        return false;
    }

    public WorkloadService? FindService(NamespacedHostname service)
    {
        foreach (var part in Shape.Services)
        {
            if (part.Service == service) return part;
        }

        return null;
    }

    public override string ToString() => Uid;

    internal int UidHash() => Shape.IsUidDerived
        ? TableMath.Hash(Name, TableMath.Hash("/", TableMath.Hash(Namespace, TableMath.Hash(Shape.UidPrefix))))
        : TableMath.Hash(Shape.UidPrefix);

    internal bool HasUid(ReadOnlySpan<char> uid)
    {
        if (!Shape.IsUidDerived) return uid.SequenceEqual(Shape.UidPrefix);
        var (prefix, ns) = (Shape.UidPrefix, Namespace);
        return uid.Length == prefix.Length + ns.Length + 1 + Name.Length
            && uid.StartsWith(prefix, StringComparison.Ordinal)
            && uid[prefix.Length..].StartsWith(ns, StringComparison.Ordinal)
            && uid[prefix.Length + ns.Length] == '/'
            && uid[(prefix.Length + ns.Length + 1)..].SequenceEqual(Name);
    }
}
