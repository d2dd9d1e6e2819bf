using System.Collections.Concurrent;
using Mesh.Model;
using Mesh.Xds.Client;

namespace Mesh.Xds.Tests.Client;

/// <summary>A consumer such as ztunnel: keeps what a real client hands it.</summary>
internal sealed class TestMesh : IAsyncDisposable
{
    /// <summary>A workload whose first arrival makes the consumer throw.</summary>
    public const string Poison = "poison";
    private readonly CancellationTokenSource _stop = new();
    private int _poisoned;
    private readonly Task _running;

    public TestMesh(DeltaClientOptions options)
    {
        Client = new DeltaClient(options, TakeAsync, Events.Enqueue, TimeProvider.System, new Random(1));
        _running = Client.RunAsync(_stop.Token);
    }

    public DeltaClient Client { get; }
    public ConcurrentDictionary<string, Workload> Workloads { get; } = new();
    public ConcurrentDictionary<string, AuthorizationPolicy> Policies { get; } = new();
    public ConcurrentQueue<DeltaClientEvent> Events { get; } = new();

    public IEnumerable<DeltaClientEvent.StreamEnded> Ends => Events.OfType<DeltaClientEvent.StreamEnded>();

    public static DeltaClientOptions Options(ScriptedServer server) => new()
    {
        Server = server.Address,
        Node = new DeltaNode("ztunnel~1.1.1.1~a.b~b.svc.cluster.local", new Dictionary<string, string>()),
        Connect = static () => new HttpMessageInvoker(new SocketsHttpHandler()),
    };

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(ScriptedServer.Patience);
        while (!condition()) await Task.Delay(10, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private ValueTask TakeAsync(DeltaBatch batch, CancellationToken stop)
    {
        if (batch.Workloads.Any(static workload => workload.Uid == Poison) && Interlocked.Increment(ref _poisoned) == 1)
            throw new InvalidDataException("not this one");
        foreach (var workload in batch.Workloads) Workloads[workload.Uid] = workload;
        foreach (var policy in batch.Policies) Policies[policy.Key] = policy;
        foreach (var name in batch.Removed)
        {
            Workloads.TryRemove(name, out _);
            Policies.TryRemove(name, out _);
        }

        return ValueTask.CompletedTask;
    }
}
