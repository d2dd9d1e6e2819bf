using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Events;

/// <summary>
/// Tells people about objects through Events. The same text about the same object becomes a counted series instead of a new
/// Event, and one object cannot flood the server. Failing to tell is logged and never stops the work. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore never makes a wait handle, so there is nothing to dispose of.")]
public sealed class EventRecorder(KubernetesClient client, string controller, string instance)
{
    private const int SeriesMax = 1024;
    private const int BurstPerObject = 25;
    private const int NoteLengthMax = 1024; // The server refuses longer ones.
    private static readonly TimeSpan OneMorePerObject = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SeriesEndsAfter = TimeSpan.FromMinutes(6);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<Saying, Series> _series = [];
    private readonly Dictionary<string, Budget> _budgets = new(StringComparer.Ordinal);
    private volatile string _clusterScoped = "default";
    private long _written;
    private long _withheld;
    private long _failed;

    private readonly record struct Saying(string Uid, ObjectKey Object, EventKind Kind, string Reason, string Action, string Note);

    private sealed record Series(ObjectKey Event, int Count, DateTimeOffset Last);

    private sealed record Budget(double Left, DateTimeOffset At);

    public long Written => Volatile.Read(ref _written);

    /// <summary>Events not sent because their object had used up its share.</summary>
    public long Withheld => Volatile.Read(ref _withheld);

    public long Failed => Volatile.Read(ref _failed);

    /// <summary>
    /// Reason and action are single CamelCase words, the note a sentence. Equal notes aggregate: leave times and counters out.
    /// </summary>
    public async Task RecordAsync(
        ResourceType type, IKubernetesObject about, EventKind kind, string reason, string action, string note, CancellationToken stop)
    {
        if (note.Length > NoteLengthMax) note = note[..NoteLengthMax];
        var saying = new Saying(about.Metadata.Uid, about.Metadata.Key, kind, reason, action, note);
        await _one.WaitAsync(stop);
        try
        {
            var now = client.Time.GetUtcNow();
            Sweep(now);
            if (!TryTakeBudget(saying, now))
            {
                Interlocked.Increment(ref _withheld);
                return;
            }

            if (_series.TryGetValue(saying, out var series) && await TryContinueAsync(saying, series, now, stop)) return;
            await StartAsync(type, about, saying, now, stop);
        }
        finally
        {
            _one.Release();
        }
    }

    // False when the first event is gone (they live for an hour): then a new one starts.
    private async Task<bool> TryContinueAsync(Saying saying, Series series, DateTimeOffset now, CancellationToken stop)
    {
        var count = series.Count + 1;
        var patch = new JsonObject { ["series"] = new JsonObject { ["count"] = count, ["lastObservedTime"] = MicroTime(now) } };
        var result = await client.TryPatchAsync(Event.Resource, series.Event, PatchKind.Merge, patch, WriteOptions.Default, stop);
        if (result.Error?.Reason == ApiErrorReason.NotFound) return false;
        Settle(saying, result.Error);
        if (result.IsSuccess) _series[saying] = series with { Count = count, Last = now };
        return true;
    }

    private async Task StartAsync(ResourceType type, IKubernetesObject about, Saying saying, DateTimeOffset now, CancellationToken stop)
    {
        var isClusterScoped = about.Metadata.Namespace.Length == 0;
        var space = isClusterScoped ? _clusterScoped : about.Metadata.Namespace;
        var suffix = string.Create(CultureInfo.InvariantCulture, $".{now.UtcTicks:x}{client.NextSeed() & 0xffff:x4}");
        const int nameLengthMax = 253;
        var name = about.Metadata.Name.Length + suffix.Length > nameLengthMax
            ? about.Metadata.Name[..(nameLengthMax - suffix.Length)]
            : about.Metadata.Name;
        var written = new Event
        {
            Metadata = new ObjectMeta { Namespace = space, Name = name + suffix },
            EventTime = now,
            ReportingController = controller,
            ReportingInstance = instance,
            Action = saying.Action,
            Reason = saying.Reason,
            Regarding = ObjectReference.To(type, about),
            Note = saying.Note,
            Type = saying.Kind == EventKind.Warning ? "Warning" : "Normal",
        };
        var result = await client.TryCreateAsync(Event.Resource, written, WriteOptions.Default, stop);
        if (isClusterScoped && result.Error?.Reason == ApiErrorReason.Invalid && space != "kube-system")
        {
            // Up to 1.22 the server takes such events in kube-system only.
            _clusterScoped = "kube-system";
            written = written with { Metadata = written.Metadata with { Namespace = _clusterScoped } };
            result = await client.TryCreateAsync(Event.Resource, written, WriteOptions.Default, stop);
        }

        Settle(saying, result.Error);
        if (!result.IsSuccess) return;
        if (_series.Count >= SeriesMax) _series.Clear(); // Costs a few events that could have been series.
        _series[saying] = new Series(written.Metadata.Key, 1, now);
    }

    private void Settle(Saying saying, ApiError? error)
    {
        if (error is null)
        {
            Interlocked.Increment(ref _written);
            return;
        }

        Interlocked.Increment(ref _failed);
        client.Logger.EventFailed(saying.Object.ToString(), saying.Reason, error);
    }

    private bool TryTakeBudget(Saying saying, DateTimeOffset now)
    {
        var key = saying.Uid.Length > 0 ? saying.Uid : saying.Object.ToString();
        var budget = _budgets.GetValueOrDefault(key) ?? new Budget(BurstPerObject, now);
        var left = Math.Min(BurstPerObject, budget.Left + ((now - budget.At) / OneMorePerObject));
        if (left < 1) return false;
        if (_budgets.Count >= SeriesMax) _budgets.Clear();
        _budgets[key] = new Budget(left - 1, now);
        return true;
    }

    private void Sweep(DateTimeOffset now)
    {
        if (_series.Count < SeriesMax / 2) return;
        foreach (var (saying, series) in _series)
        {
            if (now - series.Last > SeriesEndsAfter) _series.Remove(saying);
        }
    }

    private static string MicroTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
