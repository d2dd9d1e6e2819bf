using System.Collections.Concurrent;
using System.IO.Pipelines;
using Mesh.Xds.Grpc;

namespace Mesh.Xds.Server;

/// <summary>
/// The delta discovery service over any pair of byte streams: holds the current snapshot and the open streams.
/// <see cref="Publish"/> has one caller at a time; everything else is thread-safe.
/// </summary>
public sealed class DeltaServer(DeltaServerOptions options, Action<DeltaServerEvent> observe, TimeProvider time, Random chance)
{
    private readonly ConcurrentDictionary<long, DeltaStream> _streams = new();
    private readonly Lock _chanceLock = new();
    private ResourceSnapshot _snapshot = ResourceSnapshot.Empty;
    private long _ids;
    private int _open;

    public ResourceSnapshot Snapshot => Volatile.Read(ref _snapshot);

    public int StreamCount => Volatile.Read(ref _open);

    public IReadOnlyList<DeltaStreamStatus> Streams => [.. _streams.Values.Select(s => s.Status)];

    internal DeltaServerOptions Options => options;
    internal DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    internal void Observe(DeltaServerEvent happened) => observe(happened);

    /// <summary>Makes a snapshot current and tells every stream what differs.</summary>
    public void Publish(ResourceSnapshot next, ResourceChanges changes)
    {
        Volatile.Write(ref _snapshot, next); // Before the streams hear of it: who reads after the news reads at least this one.
        if (changes.IsEmpty) return;
        var now = time.GetUtcNow();
        foreach (var stream in _streams.Values) stream.Offer(changes, now);
    }

    /// <summary>Serves one stream until the client leaves, misbehaves or is recycled; the result goes into the trailers.</summary>
    public async Task<GrpcStatus> ServeAsync(Stream input, PipeWriter output, DeltaPeer? peer, CancellationToken stop)
    {
        if (Interlocked.Increment(ref _open) > options.StreamsMax)
        {
            Interlocked.Decrement(ref _open);
            return new GrpcStatus(GrpcCode.ResourceExhausted, $"more than {options.StreamsMax} streams");
        }
        var id = Interlocked.Increment(ref _ids);
        var stream = new DeltaStream(this, peer, id, time.GetUtcNow() + (options.StreamAgeMax * (0.9 + (0.2 * NextChance()))), time);
        _streams[id] = stream;
        try
        {
            var status = await stream.RunAsync(input, output, stop);
            observe(new DeltaServerEvent.StreamEnded(stream.Status.Node, status));
            return status;
        }
        finally
        {
            _streams.TryRemove(id, out _);
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Ends all streams, spread evenly by chance over the window, so that their clients do not arrive elsewhere at once.</summary>
    public void Drain(TimeSpan window)
    {
        var now = time.GetUtcNow();
        foreach (var stream in _streams.Values) stream.EndBy(now + (window * NextChance()));
    }

    private double NextChance()
    {
        lock (_chanceLock) return chance.NextDouble();
    }
}
