using Mesh.Model;
using Mesh.Xds.Client;

namespace Mesh.Ztunnel.Feed;

/// <summary>
/// What was asked of the control plane by name, and whether it has answered. A name that was answered and is not in the snapshot has
/// nobody; when somebody takes it, the control plane says so by itself. Asked from any thread, answered by the feed.
/// </summary>
internal sealed class OnDemandNames(MeshView mesh, TimeProvider time)
{
    internal const int NamesMax = 65_536;

    /// <summary>Looking through a full table takes a while, and everybody waits for it.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource?> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _arrived = [];
    private Action<string>? _request;
    private Action<string>? _release;
    private int _open;
    private long? _lookedAt;

    /// <summary>Names that are being kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _asked.Count;
        }
    }

    /// <summary>From now on names are sent; those that were asked for before go first.</summary>
    public void Attach(Action<string> request, Action<string> release)
    {
        lock (_gate)
        {
            (_request, _release) = (request, release);
            foreach (var name in _asked.Keys) request(name);
        }
    }

    /// <summary>Asks for a name once; completes when there is an answer. False when as many are kept as may be and none can be let go.</summary>
    public bool TryAsk(string name, out Task answer)
    {
        lock (_gate)
        {
            var isKnown = _asked.TryGetValue(name, out var waiting);
            answer = waiting?.Task ?? Task.CompletedTask;
            if (isKnown) return true;
            if (_asked.Count >= NamesMax) LetGo();
            if (_asked.Count >= NamesMax) return false;
            _asked[name] = waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            answer = waiting.Task;
            _open++;
            _request?.Invoke(name);
            return true;
        }
    }

    /// <summary>The feed received a part of a push: notes every name that its resources answer to.</summary>
    public void NoteArrivals(DeltaBatch batch)
    {
        if (Volatile.Read(ref _open) == 0) return;
        foreach (var workload in batch.Workloads)
        {
            _arrived.Add(workload.Uid);
            foreach (var address in workload.Addresses) _arrived.Add(NameOf(workload.Network, Ip.From(address)));
        }

        foreach (var service in batch.Services)
        {
            _arrived.Add(service.Key.ToString());
            foreach (var address in service.Addresses) _arrived.Add(NameOf(address.Network, Ip.From(address.Address)));
        }

        _arrived.AddRange(batch.Removed);
    }

    /// <summary>The push is in the snapshot now: whoever waits for its names goes on.</summary>
    public void AnswerArrivals()
    {
        lock (_gate)
        {
            foreach (var name in _arrived)
            {
                if (!_asked.TryGetValue(name, out var waiting) || waiting is null) continue;
                _asked[name] = null;
                _open--;
                waiting.TrySetResult();
            }
        }

        _arrived.Clear();
        if (_arrived.Capacity > NamesMax) _arrived.Capacity = 0;
    }

    public static string NameOf(string network, Ip address) => $"{network}/{address}";

    /// <summary>Names that nobody has are asked for again when needed; most are addresses outside of the mesh.</summary>
    private void LetGo()
    {
        if (_lookedAt is { } before && time.GetElapsedTime(before) < LookInterval) return;
        _lookedAt = time.GetTimestamp();
        foreach (var (name, waiting) in _asked)
        {
            if (waiting is not null || IsSomebody(name)) continue;
            _asked.Remove(name);
            _release?.Invoke(name);
        }
    }

    private bool IsSomebody(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return false;
        var (left, right) = (name[..slash], name[(slash + 1)..]);
        var snapshot = mesh.Current;
        if (Ip.TryParse(right, out var ip)) return snapshot.FindWorkload(left, ip) is not null || snapshot.FindService(left, ip, "") is not null;
        return snapshot.FindService(new NamespacedHostname(left, right)) is not null || snapshot.FindWorkload(name) is not null;
    }
}
