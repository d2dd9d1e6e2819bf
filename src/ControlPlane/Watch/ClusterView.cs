using Mesh.ControlPlane.Publish;
using Mesh.ControlPlane.Resources;
using Mesh.Daemon;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;
using Microsoft.Extensions.Logging;
using KubeService = Mesh.Kubernetes.Objects.Service;

namespace Mesh.ControlPlane.Watch;

/// <summary>
/// The informers of everything we translate. The Kubernetes kinds are there from the start; a custom kind is followed from the
/// moment the server serves it, and one that is served at the start is waited for: its policies must not be missing in a first push.
/// </summary>
internal sealed class ClusterView(KubernetesClient client, MeshState state, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(20);

    private readonly List<Func<bool>> _caughtUp = [];
    private readonly TaskSet _running = new(log);

    public PodDirectory Pods { get; } = new(client);

    public Informer<Namespace> Namespaces { get; } = new(client, Namespace.Resource);

    /// <summary>Follows the cluster until told to stop; calls <paramref name="synced"/> once everything known is applied.</summary>
    public async Task RunAsync(Action synced, CancellationToken stop)
    {
        using var vital = CancellationTokenSource.CreateLinkedTokenSource(stop);
        stop = vital.Token;
        try
        {
            var slices = await ChooseSlicesAsync(stop);
            var starts = new List<Task>
            {
                Start(Pods.Informer, static (index, key, pod) => index.SetPod(key, pod), vital),
                Start(Namespaces, static (index, key, ns) => index.SetNamespace(key, ns), vital),
                Start(New(Node.Resource), static (index, key, node) => index.SetNode(key, node), vital),
                Start(New(KubeService.Resource), static (index, key, service) => index.SetService(key, service), vital),
                Start(New(slices), static (index, key, slice) => index.SetSlice(key, slice), vital),
                StartLateAsync(AuthorizationPolicyObject.Forms, static (index, key, item) => index.SetPolicy(key, item), vital),
                StartLateAsync(PeerAuthenticationObject.Forms, static (index, key, item) => index.SetPeer(key, item), vital),
                StartLateAsync(ServiceEntryObject.Forms, static (index, key, item) => index.SetServiceEntry(key, item), vital),
                StartLateAsync(WorkloadEntryObject.Forms, static (index, key, item) => index.SetWorkloadEntry(key, item), vital),
                StartLateAsync(GatewayObject.Forms, static (index, key, item) => index.SetGateway(key, item), vital),
                StartLateAsync(GatewayClassObject.Forms, static (index, key, item) => index.SetGatewayClass(key, item), vital),
            };
            await Task.WhenAll(starts);
            while (!_caughtUp.TrueForAll(isCaughtUp => isCaughtUp())) await Task.Delay(CatchUp, time, stop);
            state.Prime();
            synced();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop, or one of the parts failed.
        }
        finally
        {
            await vital.CancelAsync();
            await _running.WhenAllAsync();
        }
        if (_running.Failure is { } failure) throw new InvalidOperationException($"The view of the cluster lost {failure}.");
    }

    private Informer<T> New<T>(ResourceType<T> type)
        where T : class, IKubernetesObject => new(client, type);

    /// <summary>Starts an informer and its feed; the task ends when the informer has its first list.</summary>
    private Task Start<T>(Informer<T> informer, Action<MeshIndex, ObjectKey, T?> set, CancellationTokenSource vital)
        where T : class, IKubernetesObject
    {
        var feed = informer.Subscribe();
        _caughtUp.Add(() => feed.Depth == 0);
        _running.AddVital($"the informer of {informer.ResourceType}", informer.RunAsync(vital.Token), vital);
        _running.AddVital($"the feed of {informer.ResourceType}", FeedAsync(feed, set, vital.Token), vital);
        return informer.WaitForSyncAsync(vital.Token);
    }

    private async Task FeedAsync<T>(ChangeFeed<T> feed, Action<MeshIndex, ObjectKey, T?> set, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        using (feed)
        {
            try
            {
                while (true)
                {
                    await feed.WaitToReadAsync(stop);
                    state.Take(feed, set);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The ordinary way out.
            }
        }
    }

    private async Task StartLateAsync<T>(IReadOnlyList<ResourceType<T>> forms, Action<MeshIndex, ObjectKey, T?> set, CancellationTokenSource vital)
        where T : class, IKubernetesObject
    {
        if (await TryChooseAsync(forms, vital.Token) is { } type) await Start(New(type), set, vital);
        else _running.AddVital($"the wait for {forms[0]}", AwaitKindAsync(forms, set, vital), vital);
    }

    private async Task AwaitKindAsync<T>(IReadOnlyList<ResourceType<T>> forms, Action<MeshIndex, ObjectKey, T?> set, CancellationTokenSource vital)
        where T : class, IKubernetesObject
    {
        var stop = vital.Token;
        try
        {
            while (true)
            {
                await Task.Delay(LookAgain, time, stop);
                if (await TryChooseAsync(forms, stop) is not { } type) continue;
                log.LogInformation("The cluster now serves {Kind}: following it.", type);
                var informer = New(type);
                _running.AddVital($"the feed of {type}", FeedAsync(informer.Subscribe(), set, stop), vital);
                await informer.RunAsync(stop);
                return;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    private async Task<ResourceType<EndpointSlice>> ChooseSlicesAsync(CancellationToken stop)
    {
        while (true)
        {
            if (await TryChooseAsync([EndpointSlice.Resource, EndpointSlice.ResourceV1Beta1], stop) is { } type) return type;
            log.LogWarning("The API server serves no EndpointSlices yet: asking again in {Delay}.", LookAgain);
            await Task.Delay(LookAgain, time, stop);
        }
    }

    /// <summary>An API server that does not answer is asked until it does: taking it for one without the kind would drop policies.</summary>
    private async Task<ResourceType<T>?> TryChooseAsync<T>(IReadOnlyList<ResourceType<T>> forms, CancellationToken stop)
        where T : class, IKubernetesObject
    {
        while (true)
        {
            try
            {
                return await client.Discovery.ChooseAsync(forms, stop);
            }
            catch (ApiException problem)
            {
                log.LogWarning("Cannot ask the API server for {Kind}: {Problem}. Asking again in {Delay}.", forms[0], problem.Message, LookAgain);
                await Task.Delay(LookAgain, time, stop);
            }
        }
    }
}
