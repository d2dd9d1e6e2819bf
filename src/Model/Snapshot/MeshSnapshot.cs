using System.Collections.Immutable;
using Mesh.Model.Policy;

namespace Mesh.Model.Snapshot;

/// <summary>
/// The mesh as it was at one moment, with every lookup the data plane makes. Frozen; any thread. Successive snapshots share what did not
/// change. Built by <see cref="MeshSnapshotBuilder"/>.
/// </summary>
public sealed class MeshSnapshot
{
    private readonly PersistentTable<MeshWorkload> _byUid;
    private readonly PersistentTable<MeshWorkload> _byAddress;
    private readonly PersistentTable<MeshWorkload> _byName;
    private readonly PersistentTable<MeshWorkload> _byHostname;
    private readonly PersistentTable<MeshService> _services;
    private readonly PersistentTable<MeshService> _servicesByHostname;
    private readonly PersistentTable<MeshService> _servicesByAddress;
    private readonly ImmutableArray<VirtualRange> _ranges;

    internal MeshSnapshot(MeshTables tables)
    {
        (_byUid, _byAddress, _byName, _byHostname) = (tables.ByUid, tables.ByAddress, tables.ByName, tables.ByHostname);
        (_services, _servicesByHostname, _servicesByAddress) = (tables.Services, tables.ServicesByHostname, tables.ServicesByAddress);
        _ranges = tables.Ranges;
        Policies = tables.Policies;
        Version = tables.Version;
    }

    public static MeshSnapshot Empty { get; } = new MeshSnapshotBuilder().Freeze();

    /// <summary>Counts up with every batch of changes.</summary>
    public long Version { get; }

    public PolicyIndex Policies { get; }

    public int WorkloadCount => _byUid.Count;

    public int ServiceCount => _services.Count;

    public IEnumerable<MeshWorkload> Workloads => _byUid.All();

    /// <summary>Workloads of this node; all of them when no node was named.</summary>
    public IEnumerable<MeshWorkload> LocalWorkloads => _byName.All();

    public IEnumerable<MeshService> Services => _services.All();

    public MeshWorkload? FindWorkload(ReadOnlySpan<char> uid)
    {
        for (var probe = _byUid.Find(TableMath.Hash(uid)); probe.MoveNext();)
        {
            if (probe.Current.HasUid(uid)) return probe.Current;
        }

        return null;
    }

    /// <summary>The workload at an address; of several, pods that speak HBONE come first. Workloads on the host network are never found.</summary>
    public MeshWorkload? FindWorkload(string network, Ip address)
    {
        MeshWorkload? best = null;
        for (var probe = _byAddress.Find(Hashes.Address(network, address)); probe.MoveNext();)
        {
            var found = probe.Current;
            if (!found.HasAddress(address) || found.Network != network) continue;
            if (best is null || IsBetter(found, best)) best = found;
        }

        return best;
    }

    /// <summary>The workload of this node that a pod's name, namespace and account tell; the account is not compared when empty.</summary>
    public MeshWorkload? FindLocalWorkload(string ns, string name, string serviceAccount)
    {
        for (var probe = _byName.Find(Hashes.Name(ns, name)); probe.MoveNext();)
        {
            var found = probe.Current;
            if (found.Name != name || found.Namespace != ns) continue;
            if (serviceAccount.Length == 0 || found.Identity.ServiceAccount == serviceAccount) return found;
        }

        return null;
    }

    /// <summary>Of that namespace. Upstream ignores it; somebody elsewhere could then claim to be a waypoint that is not there.</summary>
    public MeshWorkload? FindWorkloadByHostname(NamespacedHostname name)
    {
        for (var probe = _byHostname.Find(Hashes.Name(name.Namespace, name.Hostname)); probe.MoveNext();)
        {
            if (probe.Current.Shape.Hostname == name.Hostname && probe.Current.Namespace == name.Namespace) return probe.Current;
        }

        return null;
    }

    public MeshService? FindService(NamespacedHostname key)
    {
        for (var probe = _services.Find(Hashes.Name(key.Namespace, key.Hostname)); probe.MoveNext();)
        {
            if (probe.Current.Key == key) return probe.Current.Service is null ? null : probe.Current;
        }

        return null;
    }

    /// <summary>
    /// The service at a virtual address, as a client of this namespace sees it: exact addresses before ranges, the client's own namespace,
    /// then the canonical service, then the first by name. Ranges: own namespace, longest prefix, canonical.
    /// </summary>
    public MeshService? FindService(string network, Ip address, string clientNamespace)
    {
        MeshService? best = null;
        for (var probe = _servicesByAddress.Find(Hashes.Address(network, address)); probe.MoveNext();)
        {
            var found = probe.Current;
            if (!HasAddress(found.Service!, network, address) || !ServiceRank.IsVisible(found.Service!, clientNamespace)) continue;
            if (best is null || ServiceRank.Compare(found, best, clientNamespace) < 0) best = found;
        }

        return best ?? FindRange(network, address, clientNamespace);
    }

    /// <summary>The best service of a host name for a client of this namespace; own namespace first, then canonical, then preferred, then first.</summary>
    public MeshService? FindServiceByHostname(ReadOnlySpan<char> hostname, string clientNamespace, string? preferredNamespace = null)
    {
        MeshService? best = null;
        for (var probe = _servicesByHostname.Find(TableMath.Hash(hostname)); probe.MoveNext();)
        {
            var found = probe.Current;
            if (!hostname.SequenceEqual(found.Key.Hostname) || !ServiceRank.IsVisible(found.Service!, clientNamespace)) continue;
            if (best is null || ServiceRank.Compare(found, best, clientNamespace, preferredNamespace) < 0) best = found;
        }

        return best;
    }

    /// <summary>
    /// The best service that a DNS question for this name is answered with: as <see cref="FindServiceByHostname"/>, of those that have an
    /// address of their own, and also of those without one when the name is a headless service's.
    /// </summary>
    public MeshService? FindResolvableService(
        ReadOnlySpan<char> hostname, string clientNamespace, string? preferredNamespace, bool isHeadlessAllowed)
    {
        MeshService? best = null;
        for (var probe = _servicesByHostname.Find(TableMath.Hash(hostname)); probe.MoveNext();)
        {
            var found = probe.Current;
            if (!hostname.SequenceEqual(found.Key.Hostname) || !ServiceRank.IsVisible(found.Service!, clientNamespace)) continue;
            if (!isHeadlessAllowed && !HasOwnAddress(found.Service!)) continue;
            if (best is null || ServiceRank.Compare(found, best, clientNamespace, preferredNamespace) < 0) best = found;
        }

        return best;
    }

    private MeshService? FindRange(string network, Ip address, string clientNamespace)
    {
        VirtualRange? best = null;
        foreach (var range in _ranges)
        {
            if (range.Network != network || !address.IsWithin(range.Address, range.PrefixLength)) continue;
            if (!ServiceRank.IsVisible(range.Service.Service!, clientNamespace)) continue;
            if (best is null || ServiceRank.Compare(range, best, clientNamespace) < 0) best = range;
        }

        return best?.Service;
    }

    private static bool IsBetter(MeshWorkload found, MeshWorkload best) =>
        found.AddressRank > best.AddressRank
        || (found.AddressRank == best.AddressRank && string.CompareOrdinal(found.Uid, best.Uid) < 0); // Any order will do, if it is always the same.

    private static bool HasOwnAddress(Service service)
    {
        foreach (var virtualAddress in service.Addresses)
        {
            if (virtualAddress.PrefixLength is null) return true;
        }

        return false;
    }

    private static bool HasAddress(Service service, string network, Ip address)
    {
        foreach (var virtualAddress in service.Addresses)
        {
            if (virtualAddress.PrefixLength is null && virtualAddress.Network == network && Ip.From(virtualAddress.Address) == address) return true;
        }

        return false;
    }
}
