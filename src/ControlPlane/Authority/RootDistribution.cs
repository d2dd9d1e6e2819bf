using System.Text.Json.Nodes;
using Mesh.Daemon;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Watching;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// Puts the roots into every namespace, as a ConfigMap that proxies mount; puts them back when somebody changes or deletes it. Runs
/// on the leader alone, as one loop over a queue of namespaces.
/// </summary>
internal sealed class RootDistribution(
    KubernetesClient client, Informer<Namespace> namespaces, CertificateAuthority authority, ControlPlaneOptions options,
    TimeProvider time, Random chance, ILogger log)
{
    private const string RootKey = "root-cert.pem";

    /// <summary>By this the operator knows which maps go with the mesh: somebody else's of the same name stays.</summary>
    private const string ManagedByLabel = "app.kubernetes.io/managed-by";
    private const string ManagedByValue = "mesh-control-plane";
    private static readonly string[] Excluded = ["kube-public", "kube-node-lease", "local-path-storage"];

    /// <summary>A namespace that refuses waits on its own, longer each time; the others do not wait for it.</summary>
    private static readonly WorkQueueOptions Retries = new() { FirstRetry = TimeSpan.FromSeconds(1), LongestRetry = TimeSpan.FromMinutes(5) };

    private readonly Lock _lock = new(); // Nobody may add to a queue that its leader has disposed of.
    private WorkQueue? _due;

    /// <summary>The roots changed: every namespace is due.</summary>
    public void RootsChanged()
    {
        lock (_lock)
        {
            foreach (var ns in namespaces.Lister.List()) _due?.TryAdd(ns.Metadata.Key);
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var maps = new Informer<ConfigMap>(
            client,
            ConfigMap.Resource,
            new InformerOptions<ConfigMap> { Which = new ListOptions { FieldSelector = $"metadata.name={options.RootConfigMap}" } });
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var due = new WorkQueue(Retries, time, chance);
        lock (_lock) _due = due;
        var tasks = new TaskSet(log);
        tasks.AddVital("the informer of root ConfigMaps", maps.RunAsync(running.Token), running);
        tasks.AddVital("the feed of root ConfigMaps", FollowAsync(maps.Subscribe(), due, static map => map.Metadata.Namespace, running.Token), running);
        tasks.AddVital("the feed of namespaces", FollowAsync(namespaces.Subscribe(), due, static ns => ns.Metadata.Name, running.Token), running);
        try
        {
            await maps.WaitForSyncAsync(running.Token);
            while (true)
            {
                var ns = await due.TakeAsync(running.Token);
                if (await EnsureAsync(ns.Name, maps.Lister, running.Token) is not { } error) due.Forget(ns);
                else log.LogWarning("The roots could not be put into namespace {Namespace}: {Error}. Trying again in {Delay}.", ns.Name, error, due.Retry(ns));
                due.Complete(ns);
            }
        }
        catch (OperationCanceledException) when (running.IsCancellationRequested)
        {
            // Told to stop, or the lease went to another.
        }
        finally
        {
            lock (_lock) _due = null;
            await running.CancelAsync();
            await tasks.WhenAllAsync();
        }
        if (tasks.Failure is { } failure) throw new InvalidOperationException($"The distribution of roots lost {failure}.");
    }

    private async Task<ApiError?> EnsureAsync(string name, Lister<ConfigMap> maps, CancellationToken stop)
    {
        if (Excluded.Contains(name, StringComparer.Ordinal)) return null;
        if (namespaces.Lister.Find(ObjectKey.ClusterScoped(name)) is not { } ns || ns.Metadata.IsBeingDeleted || ns.Status.Phase == "Terminating")
            return null;
        var key = new ObjectKey(name, options.RootConfigMap);
        var roots = authority.RootsPem;
        var current = maps.Find(key);
        if (current is not null && current.Data.TryGetValue(RootKey, out var held) && held == roots) return null;
        var error = current is null ? await CreateAsync(key, roots, stop) : await PatchAsync(key, roots, stop);
        // A namespace that vanished meanwhile, or a watch that is behind: the next event settles it.
        if (error is null || error.Reason is ApiErrorReason.NotFound || error.Message.Contains("being terminated", StringComparison.Ordinal))
            return null;
        return error.Reason == ApiErrorReason.AlreadyExists ? await PatchAsync(key, roots, stop) : error;
    }

    private async Task<ApiError?> CreateAsync(ObjectKey key, string roots, CancellationToken stop)
    {
        var map = new ConfigMap
        {
            Metadata = new ObjectMeta
            {
                Name = key.Name,
                Namespace = key.Namespace,
                Labels = StringMap.From([KeyValuePair.Create("istio.io/config", "true"), KeyValuePair.Create(ManagedByLabel, ManagedByValue)]),
            },
            Data = StringMap.From([KeyValuePair.Create(RootKey, roots)]),
        };
        return (await client.TryCreateAsync(ConfigMap.Resource, map, WriteOptions.Default, stop)).Error;
    }

    private async Task<ApiError?> PatchAsync(ObjectKey key, string roots, CancellationToken stop)
    {
        var patch = new JsonObject { ["data"] = new JsonObject { [RootKey] = roots } };
        return (await client.TryPatchAsync(ConfigMap.Resource, key, PatchKind.Merge, patch, WriteOptions.Default, stop)).Error;
    }

    private static async Task FollowAsync<T>(ChangeFeed<T> feed, WorkQueue due, Func<T, string> namespaceOf, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        using (feed)
        {
            try
            {
                while (true) due.TryAdd(ObjectKey.ClusterScoped(namespaceOf((await feed.ReadAsync(stop)).Object)));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The ordinary way out.
            }
        }
    }
}
