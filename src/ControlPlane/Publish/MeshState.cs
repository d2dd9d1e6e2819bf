using System.Threading.Channels;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Watching;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Publish;

/// <summary>
/// The one writer of the mesh: takes changes of the cluster under its lock, waits until they calm down, translates them and
/// publishes the next snapshot. <see cref="RunAsync"/> is its loop; <see cref="Take"/> may be called from any thread.
/// </summary>
internal sealed class MeshState(MeshIndex index, DeltaServer server, ControlPlaneMetrics metrics, MeshStateOptions options, TimeProvider time)
{
    private const int ChangesPerTurn = 1024;

    private readonly Lock _lock = new();
    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ResourceSnapshot _snapshot = ResourceSnapshot.Empty;

    /// <summary>Applies the changes that a feed holds.</summary>
    public void Take<T>(ChangeFeed<T> feed, Action<MeshIndex, ObjectKey, T?> set)
        where T : class, IKubernetesObject
    {
        lock (_lock)
        {
            for (var i = 0; i < ChangesPerTurn && feed.TryRead(out var change); i++) set(index, change.Key, change.New);
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

    /// <summary>Policies that cannot be enforced as written, with what is left out.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Unsupported()
    {
        lock (_lock) return new Dictionary<string, IReadOnlyList<string>>(index.UnsupportedAttributes, StringComparer.Ordinal);
    }

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
        }
    }
}
