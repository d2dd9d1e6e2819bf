using System.Collections.Immutable;
using Mesh.Dns;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// Which service a name means to a client: the name itself, then what Kubernetes would add to it, then the same for what is left without each
/// search suffix; for each, the very name, the name of one of the service's pods, then wildcards. Immutable; any thread; allocates nothing.
/// </summary>
internal sealed class MeshNames
{
    private readonly string _domain;
    private readonly string _serviceDomain;
    private readonly string? _preferredNamespace;
    private readonly ImmutableArray<string> _suffixes;

    /// <param name="clusterDomain">Such as <c>cluster.local</c>.</param>
    /// <param name="preferredNamespace">Wins between services of the same name, behind the client's own namespace and the canonical one.</param>
    /// <param name="search">The search list; null is that of every pod: its namespace, all services, the cluster.</param>
    public MeshNames(string clusterDomain, string? preferredNamespace, IEnumerable<string>? search)
    {
        _domain = "." + clusterDomain.Trim('.').ToLowerInvariant();
        _serviceDomain = ".svc" + _domain;
        _preferredNamespace = preferredNamespace;
        _suffixes = search is null
            ? default
            : [.. search.Select(static suffix => "." + suffix.Trim('.').ToLowerInvariant()).Where(static suffix => suffix.Length > 1)];
    }

    /// <summary>Looks a name up, given in lower case without a final dot.</summary>
    public bool TryFind(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> name, out MeshName found)
    {
        if (TryExpansions(mesh, clientNamespace, name, 0, out found)) return true;
        if (!_suffixes.IsDefault)
        {
            foreach (var suffix in _suffixes)
            {
                if (TryStripped(mesh, clientNamespace, name, suffix, out found)) return true;
            }

            return false;
        }

        if (name.EndsWith(_serviceDomain, StringComparison.Ordinal))
        {
            var rest = name[..^_serviceDomain.Length];
            if (rest.EndsWith(clientNamespace, StringComparison.Ordinal) && rest.Length > clientNamespace.Length + 1
                && rest[^(clientNamespace.Length + 1)] == '.'
                && TryExpansions(mesh, clientNamespace, rest[..^(clientNamespace.Length + 1)], rest.Length - clientNamespace.Length - 1, out found))
            {
                return true;
            }
        }

        return TryStripped(mesh, clientNamespace, name, _serviceDomain, out found) || TryStripped(mesh, clientNamespace, name, _domain, out found);
    }

    private bool TryStripped(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> name, string suffix, out MeshName found)
    {
        found = default;
        if (name.Length <= suffix.Length || !name.EndsWith(suffix, StringComparison.Ordinal)) return false;
        var rest = name[..^suffix.Length];
        return TryExpansions(mesh, clientNamespace, rest, rest.Length, out found);
    }

    /// <summary>The name, and what Kubernetes adds to a name of so many labels.</summary>
    private bool TryExpansions(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> name, int kept, out MeshName found)
    {
        if (TryCandidate(mesh, clientNamespace, name, kept, out found)) return true;
        Span<char> room = stackalloc char[DnsName.TextCharsMax];
        var endsInSvc = name.EndsWith(".svc", StringComparison.Ordinal);
        switch (name.Count('.') + 1)
        {
            case 1:
                return TryJoined(mesh, clientNamespace, Join(room, name, clientNamespace, _serviceDomain), kept, out found);
            case 2:
                return TryJoined(mesh, clientNamespace, Join(room, name, "", _serviceDomain), kept, out found)
                    || TryJoined(mesh, clientNamespace, Join(room, name, clientNamespace, _serviceDomain), kept, out found);
            case 3:
                return (endsInSvc && TryJoined(mesh, clientNamespace, Join(room, name, "", _domain), kept, out found))
                    || TryJoined(mesh, clientNamespace, Join(room, name, "", _serviceDomain), kept, out found);
            case 4:
                return endsInSvc && TryJoined(mesh, clientNamespace, Join(room, name, "", _domain), kept, out found);
            default:
                return false;
        }
    }

    private bool TryJoined(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> candidate, int kept, out MeshName found)
    {
        found = default;
        return !candidate.IsEmpty && TryCandidate(mesh, clientNamespace, candidate, kept, out found);
    }

    private bool TryCandidate(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> candidate, int kept, out MeshName found)
    {
        if (Find(mesh, clientNamespace, candidate) is { } exact)
        {
            found = new MeshName(exact, null, kept);
            return true;
        }

        return TryPod(mesh, clientNamespace, candidate, kept, out found) || TryWildcards(mesh, clientNamespace, candidate, out found);
    }

    /// <summary>One label before the name of a service of this cluster: a pod's name, if a workload of the service has it.</summary>
    private bool TryPod(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> candidate, int kept, out MeshName found)
    {
        found = default;
        var dot = candidate.IndexOf('.');
        if (dot <= 0 || !candidate.EndsWith(_serviceDomain, StringComparison.Ordinal)) return false;
        if (Find(mesh, clientNamespace, candidate[(dot + 1)..]) is not { } service) return false;
        foreach (var workload in service.Workloads)
        {
            if (!candidate[..dot].SequenceEqual(workload.Name) || !NameAddresses.IsAnswered(service, workload)) continue;
            found = new MeshName(service, workload.Name, kept);
            return true;
        }

        return false;
    }

    private bool TryWildcards(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> candidate, out MeshName found)
    {
        Span<char> room = stackalloc char[DnsName.TextCharsMax + 1];
        for (var dot = candidate.IndexOf('.'); dot >= 0;)
        {
            var rest = candidate[dot..];
            room[0] = '*';
            rest.CopyTo(room[1..]);
            if (Find(mesh, clientNamespace, room[..(rest.Length + 1)]) is { } wildcard)
            {
                found = new MeshName(wildcard, null, 0); // The name itself is an instance of the pattern: no alias.
                return true;
            }

            var next = candidate[(dot + 1)..].IndexOf('.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }

        found = default;
        return false;
    }

    private MeshService? Find(MeshSnapshot mesh, string clientNamespace, ReadOnlySpan<char> hostname) =>
        mesh.FindResolvableService(hostname, clientNamespace, _preferredNamespace, hostname.EndsWith(_serviceDomain, StringComparison.Ordinal));

    /// <summary>Empty when the whole would be no name any more.</summary>
    private static ReadOnlySpan<char> Join(Span<char> room, ReadOnlySpan<char> name, string middle, string end)
    {
        var dot = middle.Length > 0 ? 1 : 0;
        var length = name.Length + dot + middle.Length + end.Length;
        if (length > room.Length) return [];
        name.CopyTo(room);
        if (dot > 0) room[name.Length] = '.';
        middle.CopyTo(room[(name.Length + dot)..]);
        end.CopyTo(room[(name.Length + dot + middle.Length)..]);
        return room[..length];
    }
}
