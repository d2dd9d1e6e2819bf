using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Mesh.Kubernetes.Http;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes;

/// <summary>
/// What the server serves: groups, their versions, kinds. Answers are kept for a while; a kind that is missing is looked for
/// again, but not more often than every few seconds. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore never makes a wait handle, so there is nothing to dispose of.")]
public sealed class Discovery
{
    private const int GroupVersionsMax = 4096;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    private readonly KubernetesClient _client;
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile Known? _known;

    internal Discovery(KubernetesClient client) => _client = client;

    private sealed record Known(IReadOnlyDictionary<string, string[]> Groups, long ReadAt)
    {
        // Filled on demand: most of a server's groups are never asked for.
        public ConcurrentDictionary<string, ApiResource[]> Resources { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>The versions of a group, newest first (stable before beta before alpha); empty when the server does not have it.</summary>
    public async Task<IReadOnlyList<string>> VersionsAsync(string group, CancellationToken stop) =>
        (await CurrentAsync(stop)).Groups.TryGetValue(group, out var versions) ? versions : [];

    /// <summary>Where a kind lives, in the newest version that has it; null when the server does not have it.</summary>
    public Task<ResourceType<KubernetesObject>?> FindAsync(string group, string kind, CancellationToken stop) =>
        FindAsync(group, kind, version: null, stop);

    /// <summary>Where a kind lives in one version, or (null) in the newest that has it.</summary>
    public async Task<ResourceType<KubernetesObject>?> FindAsync(string group, string kind, string? version, CancellationToken stop)
    {
        var known = await CurrentAsync(stop);
        if (await FindInAsync(known, group, kind, version, stop) is { } found) return found;
        if (_client.Time.GetElapsedTime(known.ReadAt) < AskAgainAfter) return null;
        return await FindInAsync(await ReadAsync(known, stop), group, kind, version, stop); // Its CRD may be new.
    }

    /// <summary>The first of these forms, best first, that the server has; null when it has none.</summary>
    public async Task<ResourceType<T>?> ChooseAsync<T>(IReadOnlyList<ResourceType<T>> candidates, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        foreach (var candidate in candidates)
        {
            if (await FindAsync(candidate.Group, candidate.Kind, candidate.Version, stop) is not null) return candidate;
        }

        return null;
    }

    /// <summary>True when the server serves this kind in this version.</summary>
    public async Task<bool> HasAsync(ResourceType type, CancellationToken stop) =>
        await FindAsync(type.Group, type.Kind, type.Version, stop) is not null;

    public async Task RefreshAsync(CancellationToken stop) => await ReadAsync(_known, stop);

    private async Task<ResourceType<KubernetesObject>?> FindInAsync(
        Known known, string group, string kind, string? version, CancellationToken stop)
    {
        if (!known.Groups.TryGetValue(group, out var versions)) return null;
        foreach (var candidate in versions)
        {
            if (version is not null && candidate != version) continue;
            foreach (var resource in await ResourcesAsync(known, group, candidate, stop))
            {
                // Names with a slash are subresources, which share their parent's kind or borrow another's.
                if (resource.Kind == kind && resource.Name is { } plural && !plural.Contains('/', StringComparison.Ordinal))
                    return KubernetesObject.TypeOf(group, candidate, plural, kind, resource.Namespaced);
            }
        }

        return null;
    }

    private async Task<ApiResource[]> ResourcesAsync(Known known, string group, string version, CancellationToken stop)
    {
        var path = group.Length == 0 ? $"/api/{version}" : $"/apis/{group}/{version}";
        if (known.Resources.TryGetValue(path, out var cached)) return cached;
        var answer = await _client.SendForJsonAsync(new ApiRequest(HttpMethod.Get, path), KubernetesJson.Default.ApiResourceList, stop);
        // The group went away since, or its aggregated server is down: not served now.
        if (answer.Error?.Reason is ApiErrorReason.NotFound or ApiErrorReason.ServiceUnavailable) return [];
        var resources = answer.Get().Resources ?? [];
        if (known.Resources.Count < GroupVersionsMax) known.Resources[path] = resources;
        return resources;
    }

    private async Task<Known> CurrentAsync(CancellationToken stop)
    {
        var known = _known;
        return known is not null && _client.Time.GetElapsedTime(known.ReadAt) < KeptFor ? known : await ReadAsync(known, stop);
    }

    private async Task<Known> ReadAsync(Known? last, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            if (_known is { } other && !ReferenceEquals(other, last)) return other; // Somebody read it while we waited.
            var core = await _client.SendForJsonAsync(new ApiRequest(HttpMethod.Get, "/api"), KubernetesJson.Default.ApiVersions, stop);
            var named = await _client.SendForJsonAsync(new ApiRequest(HttpMethod.Get, "/apis"), KubernetesJson.Default.ApiGroupList, stop);
            var groups = new Dictionary<string, string[]>(StringComparer.Ordinal) { [""] = Sorted(core.Get().Versions ?? []) };
            foreach (var group in named.Get().Groups ?? [])
            {
                if (group.Name is not null)
                    groups[group.Name] = Sorted([.. (group.Versions ?? []).Where(v => v.Version is not null).Select(v => v.Version!)]);
            }

            return _known = new Known(groups, _client.Time.GetTimestamp());
        }
        finally
        {
            _one.Release();
        }
    }

    private static string[] Sorted(string[] versions)
    {
        Array.Sort(versions, ApiVersionOrder.NewestFirst);
        return versions;
    }
}
