using System.Globalization;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Reconciling;

/// <summary>
/// Lets one of several replicas lead. While it leads it renews; when it cannot, the work's token is cancelled before another
/// replica may begin; on shutdown the lease is given back after the work has ended. One <see cref="RunAsync"/> at a time.
/// </summary>
public sealed class LeaderLease
{
    private readonly KubernetesClient _client;
    private readonly ObjectKey _key;
    private readonly string _holder;
    private readonly LeaderLeaseOptions _options;
    private readonly LeaseView _view;
    private volatile bool _leads;
    private long _terms;
    private long _losses;

    /// <summary>The holder names this process and no other: the pod's name and uid, say.</summary>
    public LeaderLease(KubernetesClient client, ObjectKey key, string holder, LeaderLeaseOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(holder);
        _client = client;
        _key = key;
        _holder = holder;
        _options = options ?? new LeaderLeaseOptions();
        if (_options.RetryPeriod >= _options.RenewDeadline || _options.RenewDeadline >= _options.Duration)
            throw new ArgumentException("A lease needs retry period < renew deadline < duration.", nameof(options));
        _view = new LeaseView(holder, client.Time);
    }

    public bool IsLeader => _leads;

    /// <summary>How often this process became leader.</summary>
    public long Terms => Volatile.Read(ref _terms);

    /// <summary>How often it lost the lease without meaning to.</summary>
    public long Losses => Volatile.Read(ref _losses);

    /// <summary>
    /// Waits for the lease, runs <paramref name="lead"/> while it is held, and competes again after a loss. Returns when told to
    /// stop, or when the work returns by itself.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken stop)
    {
        while (true)
        {
            long renewedAt;
            try
            {
                renewedAt = await AcquireAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            _client.Logger.LeaseTaken(_holder, _key);
            _leads = true;
            Interlocked.Increment(ref _terms);
            bool lost;
            try
            {
                lost = await LeadAsync(lead, renewedAt, stop);
            }
            finally
            {
                _leads = false;
            }

            if (!lost) return;
            Interlocked.Increment(ref _losses);
        }
    }

    // True when the lease was lost; false when the work ended otherwise and the lease was given back.
    private async Task<bool> LeadAsync(Func<CancellationToken, Task> lead, long renewedAt, CancellationToken stop)
    {
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var renewing = new CancellationTokenSource(); // Not linked: the lease stays ours until the work has really ended.
        var work = StartAsync(lead, leading.Token);
        var renewal = RenewAsync(renewedAt, renewing.Token);
        await Task.WhenAny(work, renewal);
        // A renewal that failed renews no more: that is a loss, and the work must end before another's begins.
        var lost = renewal.IsCompleted && (!renewal.IsCompletedSuccessfully || await renewal);
        if (lost)
        {
            _leads = false;
            await leading.CancelAsync();
        }

        try
        {
            await work;
        }
        catch (OperationCanceledException) when (leading.IsCancellationRequested)
        {
            // Told to stop, and did.
        }
        finally
        {
            _leads = false;
            await renewing.CancelAsync();
            lost |= await renewal;
            if (!lost) await ReleaseAsync();
        }

        return lost && !stop.IsCancellationRequested;
    }

    // A fault before its first await is a fault of the work, too.
    private static async Task StartAsync(Func<CancellationToken, Task> lead, CancellationToken stop) => await lead(stop);

    private async Task<long> AcquireAsync(CancellationToken stop)
    {
        while (true)
        {
            var sentAt = _client.Time.GetTimestamp();
            var (step, error) = await TryTakeAsync(_options.RenewDeadline, stop);
            if (step == Step.Taken) return sentAt;
            if (error is not null) _client.Logger.LeaseFailed(_key, error);
            await Task.Delay(_options.RetryPeriod * (1 + (_client.NextDouble() * 0.2)), _client.Time, stop);
        }
    }

    // True when lost; false when cancelled.
    private async Task<bool> RenewAsync(long renewedAt, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options.RetryPeriod, _client.Time, stop);
                var left = _options.RenewDeadline - _client.Time.GetElapsedTime(renewedAt);
                var sentAt = _client.Time.GetTimestamp();
                var (step, error) = left > TimeSpan.Zero ? await TryTakeAsync(left, stop) : (Step.Failed, null);
                if (step == Step.Taken)
                {
                    renewedAt = sentAt;
                }
                else if (step == Step.HeldByOther || _client.Time.GetElapsedTime(renewedAt) >= _options.RenewDeadline)
                {
                    var why = error?.ToString() ?? (step == Step.HeldByOther ? "another holds it" : "not renewed in time");
                    _client.Logger.LeaseLost(_holder, _key, why);
                    return true;
                }
                else if (error is not null)
                {
                    _client.Logger.LeaseFailed(_key, error);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private enum Step
    {
        Taken,
        HeldByOther,
        Failed,
    }

    private async Task<(Step Step, ApiError? Error)> TryTakeAsync(TimeSpan limit, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(limit, _client.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            return await TryTakeAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (Step.Failed, new ApiError(ApiErrorReason.Timeout, 0, "no answer before the renew deadline"));
        }
    }

    private async Task<(Step Step, ApiError? Error)> TryTakeAsync(CancellationToken stop)
    {
        var found = await _client.TryGetAsync(Lease.Resource, _key, stop);
        if (found.Error?.Reason == ApiErrorReason.NotFound)
        {
            var created = await _client.TryCreateAsync(Lease.Resource, NewLease(), WriteOptions.Default, stop);
            if (created.IsSuccess) return (Step.Taken, null);
            return (Step.Failed, created.Error.Reason == ApiErrorReason.AlreadyExists ? null : created.Error);
        }

        if (!found.IsSuccess) return (Step.Failed, found.Error);
        var lease = found.Value;
        var standing = _view.Judge(lease);
        if (standing == LeaseStanding.Held) return (Step.HeldByOther, null);

        var spec = new JsonObject { ["renewTime"] = MicroTime(_client.Time.GetUtcNow()) };
        if (standing != LeaseStanding.Mine)
        {
            spec["holderIdentity"] = _holder;
            spec["acquireTime"] = MicroTime(_client.Time.GetUtcNow());
            spec["leaseTransitions"] = (lease.Spec.LeaseTransitions ?? 0) + 1;
        }

        spec["leaseDurationSeconds"] = (int)_options.Duration.TotalSeconds;
        var written = await PatchAsync(lease, spec, stop);
        if (written.IsSuccess) return (Step.Taken, null);
        return (Step.Failed, written.Error.Reason == ApiErrorReason.Conflict ? null : written.Error);
    }

    private async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(_options.RetryPeriod, _client.Time);
        try
        {
            var found = await _client.TryGetAsync(Lease.Resource, _key, limit.Token);
            if (!found.IsSuccess || found.Value.Spec.HolderIdentity != _holder) return;
            var spec = new JsonObject
            {
                ["holderIdentity"] = "",
                ["leaseDurationSeconds"] = 1,
                ["renewTime"] = MicroTime(_client.Time.GetUtcNow()),
            };
            var written = await PatchAsync(found.Value, spec, limit.Token);
            if (written.IsSuccess) _client.Logger.LeaseReleased(_key);
            else _client.Logger.LeaseFailed(_key, written.Error);
        }
        catch (OperationCanceledException)
        {
            var late = new ApiError(ApiErrorReason.Timeout, 0, "not released in time; others wait until it runs out");
            _client.Logger.LeaseFailed(_key, late);
        }
    }

    // A patch, so that fields of newer servers survive; the resource version makes it lose against any other writer.
    private Task<ApiResult<Lease>> PatchAsync(Lease lease, JsonObject spec, CancellationToken stop)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = lease.Metadata.ResourceVersion },
            ["spec"] = spec,
        };
        return _client.TryPatchAsync(Lease.Resource, _key, PatchKind.Merge, patch, WriteOptions.Default, stop);
    }

    private Lease NewLease()
    {
        var now = _client.Time.GetUtcNow();
        return new Lease
        {
            Metadata = new ObjectMeta { Name = _key.Name, Namespace = _key.Namespace },
            Spec = new LeaseSpec
            {
                HolderIdentity = _holder,
                LeaseDurationSeconds = (int)_options.Duration.TotalSeconds,
                AcquireTime = now,
                RenewTime = now,
                LeaseTransitions = 0,
            },
        };
    }

    private static string MicroTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
