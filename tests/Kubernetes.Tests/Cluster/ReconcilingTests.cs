using System.Collections.Concurrent;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Tests.Support;
using Mesh.Kubernetes.Watching;

namespace Mesh.Kubernetes.Tests.Cluster;

[Collection("Cluster")]
[Trait("Category", "Cluster")]
public sealed class ReconcilingTests(ApiServer server)
{
    [Fact]
    public async Task A_reconciler_makes_a_child_repairs_it_and_cleans_up_before_the_object_goes()
    {
        using var client = server.Connect();
        var space = await server.CreateNamespaceAsync(client);
        await Widgets.DefineAsync(client);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Wait.Stop);
        var which = new ListOptions { Namespace = space };
        var widgets = new Informer<Widget>(client, Widget.Resource, new InformerOptions<Widget> { Which = which });
        var maps = new Informer<ConfigMap>(client, ConfigMap.Resource, new InformerOptions<ConfigMap> { Which = which });
        var story = new ChildReconciler(client, widgets.Lister);
        using var loop = new ReconcileLoop<Widget>(client, Widget.Resource, widgets, story, story).Owns(maps);
        var running = Task.WhenAll(widgets.RunAsync(stop.Token), maps.RunAsync(stop.Token), loop.RunAsync(stop.Token));
        var key = new ObjectKey(space, "w");

        await client.CreateAsync(Widget.Resource, new Widget { Metadata = new ObjectMeta { Name = "w", Namespace = space }, Spec = new WidgetSpec { Size = 1 } }, Wait.Stop);
        await Wait.UntilAsync(() => maps.Lister.Find(key)?.Data.GetValueOrDefault("size") == "1", "the child was made");
        Assert.Equal([ChildReconciler.FinalizerName], (await client.GetAsync(Widget.Resource, key, Wait.Stop)).Metadata.Finalizers);

        await client.DeleteAsync(ConfigMap.Resource, key, DeleteOptions.Default, Wait.Stop);
        await Wait.UntilAsync(() => maps.Lister.Find(key) is not null && story.Made > 1, "the child was made again");

        await client.PatchAsync(Widget.Resource, key, PatchKind.Merge, System.Text.Json.Nodes.JsonNode.Parse("""{"spec":{"size":2}}""")!, Wait.Stop);
        await Wait.UntilAsync(() => maps.Lister.Find(key)?.Data.GetValueOrDefault("size") == "2", "the child follows");

        Assert.Equal(DeleteOutcome.Pending, await client.DeleteAsync(Widget.Resource, key, DeleteOptions.Default, Wait.Stop));
        await Wait.UntilAsync(() => story.Finalized.Contains(key), "the finalizer ran");
        await Wait.UntilAsync(() => widgets.Lister.Find(key) is null, "the object went");
        Assert.Null(await client.FindAsync(Widget.Resource, key, Wait.Stop));
        Assert.True(story.FinalizeAttempts >= 2, "it asked for more time once");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Two_holders_hand_a_lease_over_without_a_gap_in_order()
    {
        using var one = server.Connect();
        using var two = server.Connect();
        var space = await server.CreateNamespaceAsync(one);
        var key = new ObjectKey(space, "leader");
        var options = new LeaderLeaseOptions
        {
            Duration = TimeSpan.FromSeconds(3),
            RenewDeadline = TimeSpan.FromSeconds(2),
            RetryPeriod = TimeSpan.FromMilliseconds(200),
        };
        var leaders = 0;
        var most = 0;
        async Task LeadAsync(CancellationToken stop)
        {
            most = Math.Max(most, Interlocked.Increment(ref leaders));
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            }
            finally
            {
                Interlocked.Decrement(ref leaders);
            }
        }

        using var stopOne = CancellationTokenSource.CreateLinkedTokenSource(Wait.Stop);
        using var stopTwo = CancellationTokenSource.CreateLinkedTokenSource(Wait.Stop);
        var first = new LeaderLease(one, key, "one", options);
        var second = new LeaderLease(two, key, "two", options);
        var runningOne = first.RunAsync(LeadAsync, stopOne.Token);
        await Wait.UntilAsync(() => first.IsLeader, "the first leads");
        var runningTwo = second.RunAsync(LeadAsync, stopTwo.Token);
        await Task.Delay(TimeSpan.FromSeconds(1), Wait.Stop);
        Assert.False(second.IsLeader);

        await stopOne.CancelAsync();
        await runningOne;
        await Wait.UntilAsync(() => second.IsLeader, "the second leads", seconds: 2);

        var lease = await one.GetAsync(Lease.Resource, key, Wait.Stop);
        Assert.Equal(("two", 1, 3), (lease.Spec.HolderIdentity, lease.Spec.LeaseTransitions, lease.Spec.LeaseDurationSeconds));
        await stopTwo.CancelAsync();
        await runningTwo;
        Assert.Equal(1, most);
        Assert.Equal("", (await one.GetAsync(Lease.Resource, key, Wait.Stop)).Spec.HolderIdentity);
    }

    private sealed class ChildReconciler(KubernetesClient client, Lister<Widget> widgets) : IReconciler, IFinalizer<Widget>
    {
        public const string FinalizerName = "example.com/clean-up";

        public ConcurrentBag<ObjectKey> Finalized { get; } = [];

        public volatile int Made;

        public volatile int FinalizeAttempts;

        public string Name => FinalizerName;

        public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop)
        {
            if (widgets.Find(key) is not { } widget || widget.Metadata.IsBeingDeleted) return ReconcileResult.Done;
            var child = new ConfigMap
            {
                Metadata = new ObjectMeta
                {
                    Name = key.Name,
                    Namespace = key.Namespace,
                    OwnerReferences = [OwnerReference.ControllerOf(Widget.Resource, widget)],
                },
                Data = new Dictionary<string, string> { ["size"] = $"{widget.Spec.Size}" },
            };
            (await client.ApplyAsync(ConfigMap.Resource, child, ApplyOptions.Forced, stop)).Get();
            Made++;
            return ReconcileResult.Done;
        }

        public Task<ReconcileResult> FinalizeAsync(Widget value, CancellationToken stop)
        {
            if (++FinalizeAttempts == 1) return Task.FromResult(ReconcileResult.After(TimeSpan.FromMilliseconds(50)));
            Finalized.Add(value.Metadata.Key);
            return Task.FromResult(ReconcileResult.Done);
        }
    }
}
