using Mesh.Daemon;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;
using Mesh.Operator.Rendering;
using Microsoft.Extensions.Logging;

namespace Mesh.Operator.Install;

/// <summary>
/// Watches everything the templates emit, and the pods of it, so that an edit, a loss or a rollout wakes the reconciler. It begins when
/// the namespaces and our rights in them exist. Owned by one term of leadership; what it starts ends with it.
/// </summary>
internal sealed class ChildWatch(KubernetesClient kubernetes, ILogger log) : IAsyncDisposable
{
    private readonly TaskSet _running = new(log);
    private CancellationTokenSource _stop = new();
    private IReadOnlyList<string> _namespaces = [];

    /// <summary>What to call when a child changed. Set before the first watch.</summary>
    public Action Wake { get; set; } = static () => { };

    /// <summary>Watches these namespaces from now on; does nothing when it does already.</summary>
    public async Task WatchAsync(IReadOnlyList<string> namespaces)
    {
        if (_namespaces.SequenceEqual(namespaces)) return;
        await EndAsync();
        try
        {
            foreach (var (type, which) in WorkloadTypes.Managed(namespaces)) await StartAsync(type, which);
            foreach (var name in namespaces)
            {
                var ours = new ListOptions { Namespace = name, LabelSelector = $"{MeshRenderer.ManagedByLabel}={MeshRenderer.ManagedByValue}" };
                await StartAsync(Pod.Resource, ours);
            }
        }
        catch (ApiException)
        {
            await EndAsync(); // Half of the kinds watched is none: the next pass begins anew.
            throw;
        }
        _namespaces = [.. namespaces];
    }

    /// <summary>Forgets the namespaces of a mesh that is gone.</summary>
    public async Task EndAsync()
    {
        _namespaces = [];
        await _stop.CancelAsync();
        await _running.WhenAllAsync();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _stop.Dispose();
    }

    private async Task StartAsync(ResourceType type, ListOptions which)
    {
        // policy/v1 or what an older server has instead.
        if (await kubernetes.Discovery.FindAsync(type.Group, type.Kind, _stop.Token) is not { } served) return;
        var options = new InformerOptions<PartialObject> { Which = which };
        var informer = new Informer<PartialObject>(kubernetes, PartialObject.Of(served), options);
        _running.Add(informer.RunAsync(_stop.Token));
        _running.Add(FollowAsync(informer, _stop.Token));
    }

    private async Task FollowAsync(Informer<PartialObject> informer, CancellationToken stop)
    {
        using var feed = informer.Subscribe();
        while (true)
        {
            await feed.ReadAsync(stop);
            Wake();
        }
    }
}
