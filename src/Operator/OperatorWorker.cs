using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Events;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Watching;
using Mesh.Operator.Api;
using Mesh.Operator.Install;
using Mesh.Operator.Rendering;
using Mesh.Operator.Rules;
using Mesh.Operator.Status;
using Microsoft.Extensions.Hosting;

namespace Mesh.Operator;

/// <summary>The operator's life: every replica follows the MeshInstalls, the one that holds the lease reconciles them.</summary>
internal sealed class OperatorWorker(
    KubernetesClient kubernetes, OperatorOptions options, OperatorMetrics metrics, Readiness readiness, Log log, TimeProvider time)
    : BackgroundService
{
    private const string LeaseName = "mesh-operator";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var followed = readiness.Add("list of MeshInstalls");
        var meshes = new Informer<MeshInstall>(kubernetes, MeshInstall.Resource);
        var lease = new LeaderLease(kubernetes, new ObjectKey(options.Defaults.Namespace, LeaseName), options.Instance);
        metrics.Observe("mesh_operator_leader", "1 while this replica leads.", () => lease.IsLeader ? 1 : 0);
        var background = new TaskSet(log.Scope("operator"));
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        background.AddVital("the list of MeshInstalls", meshes.RunAsync(running.Token), running);
        background.Add(ReadyAsync(meshes, followed, running.Token));
        try
        {
            await lease.RunAsync(stop => LeadAsync(meshes, stop), running.Token);
        }
        finally
        {
            await running.CancelAsync(); // Else a fault of the leader's would wait for an informer that nobody ends.
            await background.WhenAllAsync();
        }
        // The host ends with a fault of its worker, and exits with another code than 0.
        if (!stoppingToken.IsCancellationRequested) throw new InvalidOperationException($"The operator lost {background.Failure ?? "its work"}.");
    }

    private static async Task ReadyAsync(Informer<MeshInstall> meshes, ReadinessTask followed, CancellationToken stop)
    {
        await meshes.WaitForSyncAsync(stop);
        followed.Done();
    }

    private async Task LeadAsync(Informer<MeshInstall> meshes, CancellationToken stop)
    {
        var scope = log.Scope("operator");
        var children = new ChildWatch(kubernetes, scope);
        var events = new MeshEvents(new EventRecorder(kubernetes, MeshEvents.Controller, options.Instance));
        var statuses = new StatusWriter(kubernetes, events, metrics, scope);
        var exit = new WorkloadExit(kubernetes);
        var installer = new MeshInstaller(kubernetes, new ObjectApplier(kubernetes, metrics, scope), exit);
        var reconciler = new MeshReconciler(
            meshes.Lister, new MeshRules(options.Versions), new MeshRenderer(new ChartTemplates()), new FactsSource(kubernetes),
            installer, statuses, events, children, metrics, options.Defaults, time);
        var finalizer = new MeshFinalizer(new MeshRemoval(kubernetes, installer, exit), events, statuses, children, time, scope);
        using var loop = new ReconcileLoop<MeshInstall>(kubernetes, MeshInstall.Resource, meshes, reconciler, finalizer, new ReconcileLoopOptions
        {
            Workers = 1, // One mesh; a second worker could only see its own half of an order.
            Resync = options.Sweep,
            Queue = new WorkQueueOptions { FirstRetry = TimeSpan.FromMilliseconds(200), LongestRetry = TimeSpan.FromSeconds(30) },
        });
        await using var watched = children; // Ends before the queue that it wakes.
        children.Wake = () => loop.Queue.TryAdd(ObjectKey.ClusterScoped(MeshInstall.SingletonName));
        await loop.RunAsync(stop);
    }
}
