using System.Threading.Channels;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Watching;
using Mesh.Xds.Server;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Publish;

/// <summary>
/// The one writer of the mesh: takes changes of the cluster under its lock, waits until they calm down, translates them and
/// publishes the next snapshot. <see cref="RunAsync"/> is its loop; <see cref="Take"/> may be called from any thread.
/// </summary>
internal sealed class MeshState(
    MeshIndex index, DeltaServer server, ControlPlaneMetrics metrics, MeshStateOptions options, TimeProvider time, ILogger log)
{
    private const int ChangesPerTurn = 1024;

    private readonly Lock _lock = new();
    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _findings =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ResourceSnapshot _snapshot = ResourceSnapshot.Empty;

    /// <summary>Applies the changes that a feed holds.</summary>
    public void Take<T>(ChangeFeed<T> feed, Action<MeshIndex, ObjectKey, T?> set)
        where T : class, IKubernetesObject
    {
        lock (_lock)
        {
            for (var i = 0; i < ChangesPerTurn && feed.TryRead(out var change); i++)
            {
                try
                {
                    set(index, change.Key, change.New);
                }
                catch (Exception fault)
                {
                    Report(new IndexFault(typeof(T).Name, change.Key.ToString(), fault)); // One odd object must not end the feed.
                }
            }
        }
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Everything the cluster has is taken: translates it at once and makes it public.</summary>
    public void Prime()
    {
        lock (_lock) index.Prime();
        Publish();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _wake.Reader.ReadAsync(stop);
                var since = time.GetTimestamp();
                do
                {
                    await Task.Delay(options.Quiet, time, stop);
                }
                while (_wake.Reader.TryRead(out _) && time.GetElapsedTime(since) < options.DelayMax);
                metrics.Debounced(time.GetElapsedTime(since));
                Publish();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    /// <summary>Policies that are not enforced as written.</summary>
    public IReadOnlyList<PolicyFinding> Findings()
    {
        lock (_lock) return [.. index.Findings];
    }

    /// <summary>Waits until there is something else to be found than when one last waited. One waiter.</summary>
    public async Task WaitForFindingsAsync(CancellationToken stop) => await _findings.Reader.ReadAsync(stop);

    private void Publish()
    {
        lock (_lock)
        {
            if (!index.HasChanges) return;
            var started = time.GetTimestamp();
            var flush = index.Flush();
            var (next, changes) = _snapshot.Apply(flush.Updates, flush.RemovedAddresses, flush.RemovedPolicies);
            _snapshot = next;
            server.Publish(next, changes);
            metrics.Translated(time.GetElapsedTime(started), next);
            foreach (var fault in flush.Faults) Report(fault);
            if (flush.FindingsChanged) Report(flush.NewFindings);
        }
    }

    private void Report(IndexFault fault)
    {
        metrics.TranslationFailed(fault.Kind);
        log.LogError(fault.Fault, "{Kind} {Key} cannot be translated: proxies keep what they have of it.", fault.Kind, fault.Key);
    }

    private void Report(List<PolicyFinding> found)
    {
        foreach (var finding in found) log.LogWarning("{Kind} {Key}: {Finding}", finding.Type.Kind, finding.Key, finding.Text);
        metrics.Found(index.Findings.Count(static f => f.IsMalformed), index.Findings.Count(static f => !f.IsMalformed));
        _findings.Writer.TryWrite(true);
    }
}
