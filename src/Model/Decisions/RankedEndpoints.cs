using System.Collections.Immutable;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>
/// The endpoints of a service that are equally good for clients of one place and one port: filtered, ranked, with running sums of their
/// capacity, so that choosing costs the same for ten and for ten thousand. Immutable.
/// </summary>
public sealed class RankedEndpoints
{
    /// <summary>Draws until a usable one comes, and again until another one comes.</summary>
    private const int DrawsMax = 4;

    private readonly EndpointQuery _query;
    private readonly ulong[]? _sums;

    private RankedEndpoints(EndpointQuery query, ImmutableArray<EndpointCandidate> candidates)
    {
        _query = query;
        Candidates = candidates;
        if (candidates.All(static c => c.Workload.Shape.Capacity == 1)) return;
        var sum = 0UL;
        _sums = [.. candidates.Select(c => sum += c.Workload.Shape.Capacity)];
    }

    public ImmutableArray<EndpointCandidate> Candidates { get; }

    /// <summary>
    /// Draws two by capacity and takes the one with less load per capacity. One that was tried is never taken again, one that failed just
    /// now only when no other is left.
    /// </summary>
    public EndpointCandidate? Choose(ref Chance chance, IEndpointLoad? load, ReadOnlySpan<MeshWorkload> tried = default)
    {
        if (Candidates.Length == 0) return null;
        var first = DrawUsable(ref chance, load, tried);
        if (first is null || load is null || Candidates.Length == 1) return first;
        for (var draws = 0; draws < DrawsMax; draws++)
        {
            var second = Candidates[Draw(ref chance)];
            if (ReferenceEquals(first, second) || !IsUsable(second.Workload, load, tried)) continue;
            var one = (ulong)load.LoadOf(first.Workload) * second.Workload.Shape.Capacity;
            var other = (ulong)load.LoadOf(second.Workload) * first.Workload.Shape.Capacity;
            return one <= other ? first : second;
        }

        return first;
    }

    internal static RankedEndpoints Compute(MeshService service, in EndpointQuery query)
    {
        var best = -1;
        var candidates = ImmutableArray.CreateBuilder<EndpointCandidate>();
        var allowUnhealthy = service.Service!.LoadBalancing?.HealthPolicy == HealthPolicy.AllowAll;
        foreach (var workload in service.Workloads)
        {
            if (workload.Shape.Capacity == 0 || (!workload.IsHealthy && !allowUnhealthy) || !IsReachable(workload, query.Client)) continue;
            var port = EndpointPort.Resolve(workload, service, query.Port, query.Mode);
            if (port == 0) continue;
            var rank = LocalityRank.Of(workload, query.Client, service.Service.LoadBalancing);
            if (rank < 0 || rank < best) continue;
            if (rank > best) candidates.Clear();
            best = rank;
            candidates.Add(new EndpointCandidate(workload, port, service.AlternativeIdentities.Insert(0, workload.Identity)));
        }

        return new RankedEndpoints(query, candidates.DrainToImmutable());
    }

    /// <summary>Whether this was computed for the same question: same port, and a client that stands at the same place.</summary>
    internal bool Answers(in EndpointQuery query)
    {
        if (query.Port != _query.Port || query.Mode != _query.Mode) return false;
        var (mine, theirs) = (_query.Client, query.Client);
        return ReferenceEquals(mine, theirs)
            || (mine.Network == theirs.Network && mine.Node == theirs.Node && mine.Shape.ClusterId == theirs.Shape.ClusterId
                && mine.Shape.Locality == theirs.Shape.Locality);
    }

    private static bool IsReachable(MeshWorkload workload, MeshWorkload client) =>
        workload.AddressCount > 0 || workload.Shape.Hostname.Length > 0
        || (workload.Network != client.Network && workload.Shape.NetworkGateway is not null);

    private static bool IsAmong(ReadOnlySpan<MeshWorkload> workloads, MeshWorkload workload)
    {
        foreach (var one in workloads)
        {
            if (ReferenceEquals(one, workload)) return true;
        }

        return false;
    }

    private int Draw(ref Chance chance)
    {
        if (_sums is null) return (int)chance.Below((ulong)Candidates.Length);
        var at = Array.BinarySearch(_sums, chance.Below(_sums[^1]) + 1);
        return at >= 0 ? FirstOf(at) : ~at;
    }

    private int FirstOf(int at)
    {
        while (at > 0 && _sums![at - 1] == _sums[at]) at--;
        return at;
    }

    private EndpointCandidate? DrawUsable(ref Chance chance, IEndpointLoad? load, ReadOnlySpan<MeshWorkload> tried)
    {
        var at = 0;
        for (var draws = 0; draws < DrawsMax; draws++)
        {
            at = Draw(ref chance);
            if (IsUsable(Candidates[at].Workload, load, tried)) return Candidates[at];
        }

        // Most of them failed or were tried: look at each, and rather take one that failed just now than none.
        return Scan(at, load, tried) ?? Scan(at, load: null, tried);
    }

    private EndpointCandidate? Scan(int start, IEndpointLoad? load, ReadOnlySpan<MeshWorkload> tried)
    {
        for (var i = 0; i < Candidates.Length; i++)
        {
            var candidate = Candidates[(start + i) % Candidates.Length];
            if (IsUsable(candidate.Workload, load, tried)) return candidate;
        }

        return null;
    }

    private static bool IsUsable(MeshWorkload workload, IEndpointLoad? load, ReadOnlySpan<MeshWorkload> tried) =>
        !IsAmong(tried, workload) && load?.IsEjected(workload) != true;
}
