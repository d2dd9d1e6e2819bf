using System.Collections.Immutable;
using Mesh.Identity;
using Mesh.Model.Decisions;

namespace Mesh.Model.Snapshot;

/// <summary>
/// A service and the workloads that back it. Either may be known before the other. Immutable but for a memo of ranked candidates, which any
/// thread may replace: losing a race only means computing again.
/// </summary>
public sealed class MeshService
{
    private const int RankingsMax = 16;
    private ImmutableArray<RankedEndpoints> _rankings = [];

    internal MeshService(NamespacedHostname key, Service? service, ImmutableArray<MeshWorkload> workloads)
    {
        Key = key;
        Service = service;
        Workloads = workloads;
        AlternativeIdentities = service is null ? [] : ParseIdentities(service);
    }

    public NamespacedHostname Key { get; }

    /// <summary>Null while only workloads have named it.</summary>
    public Service? Service { get; }

    /// <summary>Everything that claims to back it, healthy or not.</summary>
    public ImmutableArray<MeshWorkload> Workloads { get; }

    /// <summary>Identities that prove the service besides those of its workloads; texts that are no identity are left out.</summary>
    public ImmutableArray<SpiffeId> AlternativeIdentities { get; }

    internal RankedEndpoints RankFor(in EndpointQuery query)
    {
        var known = _rankings;
        foreach (var ranked in known.AsSpan())
        {
            if (ranked.Answers(query)) return ranked;
        }

        var fresh = RankedEndpoints.Compute(this, query);
        _rankings = known.Length < RankingsMax ? known.Add(fresh) : [fresh];
        return fresh;
    }

    private static ImmutableArray<SpiffeId> ParseIdentities(Service service)
    {
        if (service.SubjectAltNames.IsDefaultOrEmpty) return [];
        var parsed = ImmutableArray.CreateBuilder<SpiffeId>(service.SubjectAltNames.Length);
        foreach (var text in service.SubjectAltNames)
        {
            if (SpiffeId.TryParse(text) is { } identity) parsed.Add(identity);
        }

        return parsed.DrainToImmutable();
    }
}
