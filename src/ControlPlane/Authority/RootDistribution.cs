using System.Text.Json.Nodes;
using System.Threading.Channels;
using Mesh.Daemon;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// Puts the roots into every namespace, as a ConfigMap that proxies mount; puts them back when somebody changes or deletes it. Runs
/// on the leader alone, as one loop over a queue of namespaces.
/// </summary>
internal sealed class RootDistribution(
    KubernetesClient client, Informer<Namespace> namespaces, CertificateAuthority authority, ControlPlaneOptions options,
    TimeProvider time, ILogger log)
{
    private const string RootKey = "root-cert.pem";

    /// <summary>By this the operator knows which maps go with the mesh: somebody else's of the same name stays.</summary>
    private const string ManagedByLabel = "app.kubernetes.io/managed-by";
    private const string ManagedByValue = "mesh-control-plane";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
    private static readonly string[] Excluded = ["kube-public", "kube-node-lease", "local-path-storage"];

    private readonly HashSet<string> _due = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The roots changed: every namespace is due.</summary>
    public void RootsChanged()
    {
        foreach (var ns in namespaces.Lister.List()) Due(ns.Metadata.Name);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var maps = new Informer<ConfigMap>(
            client,
            ConfigMap.Resource,
            new InformerOptions<ConfigMap> { Which = new ListOptions { FieldSelector = $"metadata.name={options.RootConfigMap}" } });
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var tasks = new TaskSet(log);
        tasks.Add(maps.RunAsync(running.Token));
        tasks.Add(FollowAsync(maps.Subscribe(), static map => map.Metadata.Namespace, running.Token));
        tasks.Add(FollowAsync(namespaces.Subscribe(), static ns => ns.Metadata.Name, running.Token));
        try
        {
            await maps.WaitForSyncAsync(running.Token);
            while (true)
            {
                await _wake.Reader.ReadAsync(running.Token);
                foreach (var ns in TakeDue())
                {
                    if (await EnsureAsync(ns, maps.Lister, running.Token)) continue;
                    await Task.Delay(RetryAfter, time, running.Token);
                    Due(ns);
                }
            }
        }
        catch (OperationCanceledException) when (running.IsCancellationRequested)
        {
            // Told to stop, or the lease went to another.
        }
        finally
        {
            await running.CancelAsync();
            await tasks.WhenAllAsync();
        }
    }

    private async Task<bool> EnsureAsync(string name, Lister<ConfigMap> maps, CancellationToken stop)
    {
        if (Excluded.Contains(name, StringComparer.Ordinal)) return true;
        if (namespaces.Lister.Find(ObjectKey.ClusterScoped(name)) is not { } ns || ns.Metadata.IsBeingDeleted || ns.Status.Phase == "Terminating")
            return true;
        var key = new ObjectKey(name, options.RootConfigMap);
        var roots = authority.RootsPem;
        var current = maps.Find(key);
        if (current is not null && current.Data.TryGetValue(RootKey, out var held) && held == roots) return true;
        var error = current is null ? await CreateAsync(key, roots, stop) : await PatchAsync(key, roots, stop);
        // A namespace that vanished meanwhile, or a watch that is behind: the next event settles it.
        if (error is null || error.Reason is ApiErrorReason.NotFound || error.Message.Contains("being terminated", StringComparison.Ordinal))
            return true;
        if (error.Reason == ApiErrorReason.AlreadyExists) return await PatchAsync(key, roots, stop) is null;
        log.LogWarning("The roots could not be put into {ConfigMap}: {Error}. Trying again in {Delay}.", key, error, RetryAfter);
        return false;
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

    private async Task FollowAsync<T>(ChangeFeed<T> feed, Func<T, string> namespaceOf, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        using (feed)
        {
            try
            {
                while (true) Due(namespaceOf((await feed.ReadAsync(stop)).Object));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The ordinary way out.
            }
        }
    }

    private void Due(string ns)
    {
        lock (_lock) _due.Add(ns);
        _wake.Writer.TryWrite(true);
    }

    private List<string> TakeDue()
    {
        lock (_lock)
        {
            List<string> due = [.. _due];
            _due.Clear();
            return due;
        }
    }
}
