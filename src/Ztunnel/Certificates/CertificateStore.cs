using System.Collections.Concurrent;
using Mesh.Daemon;
using Mesh.Hbone;
using Mesh.Identity;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Certificates;

/// <summary>
/// The certificates of all local identities: fetched when first asked for, renewed at about half of their life, shared by every pod of the
/// identity. Each entry has its own loop, so identities do not back off with one another. A failed renewal, whatever it failed of, leaves the
/// certificate that is there in use until it ends. Any thread.
/// </summary>
internal sealed class CertificateStore(ICertificateSource source, TunnelIdentities identities, ILogger log, TimeProvider time, Random chance)
    : IAsyncDisposable
{
    private const int EntriesMax = 16_384;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(150);

    /// <summary>A timer reaches 49 days, and a clock that is set moves no timer: so the time is looked at often enough.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(5);

    /// <summary>Handshakes that began with the old certificate may still hold its contexts.</summary>
    private static readonly TimeSpan Retirement = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<SpiffeId, CertificateEntry> _entries = new();
    private readonly FetchTurns _turns = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskSet _loops = new(log);
    private readonly Lock _gate = new();

    public IEnumerable<CertificateEntry> Entries => _entries.Values;

    /// <summary>The certificate if it is there now.</summary>
    public TunnelIdentity? Find(SpiffeId id) => _entries.TryGetValue(id, out var entry) ? Usable(entry) : null;

    /// <summary>Waits for the first result of this identity; null with the reason in <paramref name="id"/>'s entry when there is none yet.</summary>
    public async ValueTask<TunnelIdentity?> GetAsync(SpiffeId id, TimeSpan patience)
    {
        var entry = Ensure(id);
        if (entry is null) return null;
        if (Usable(entry) is { } now) return now;
        if (!entry.First.IsCompleted) _turns.Hurry(entry.Turn);
        try
        {
            await entry.First.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            return null;
        }

        return Usable(entry);
    }

    public string ProblemOf(SpiffeId id) =>
        _entries.TryGetValue(id, out var entry) ? entry.Problem ?? "the certificate has not come yet" : "too many identities";

    /// <summary>Begins to fetch without waiting.</summary>
    public void Prefetch(SpiffeId id) => Ensure(id);

    /// <summary>The last local workload of this identity is gone.</summary>
    public void Forget(SpiffeId id)
    {
        if (!_entries.TryRemove(id, out var entry)) return;
        entry.End.Cancel();
    }

    /// <summary>Makes what tunnels use anew, of the same certificates: the revocation lists changed. Those of ours that they name.</summary>
    public List<SpiffeId> Reissue(RevocationCheck check)
    {
        var revoked = new List<SpiffeId>();
        foreach (var entry in _entries.Values)
        {
            if (entry.Renew(now => identities.Create(now.Svid, now.Roots)) is not { } old) continue;
            _loops.Add(RetireAsync(old, keepsSvid: true));
            if (check.Lists.IsRevoked(old.Svid.Leaf)) revoked.Add(entry.Id);
        }

        return revoked;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        CertificateEntry[] last;
        lock (_gate) last = [.. _entries.Values]; // Who comes later finds that we stop.
        foreach (var entry in last) await entry.End.CancelAsync();
        await _loops.WhenAllAsync();
        _stop.Dispose();
    }

    private CertificateEntry? Ensure(SpiffeId id)
    {
        if (_entries.TryGetValue(id, out var known)) return known;
        lock (_gate)
        {
            if (_entries.TryGetValue(id, out known)) return known;
            if (_entries.Count >= EntriesMax || _stop.IsCancellationRequested) return null;
            var entry = new CertificateEntry(id);
            _entries[id] = entry;
            _loops.Add(KeepAsync(entry, new Random(chance.Next())));
            return entry;
        }
    }

    private TunnelIdentity? Usable(CertificateEntry entry) =>
        entry.Identity is { } identity && identity.Svid.NotAfter > time.GetUtcNow() ? identity : null;

    private async Task KeepAsync(CertificateEntry entry, Random spread)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // Off the caller's loop: keys take a while.
        var stop = entry.End.Token;
        var retry = new Backoff(FirstRetry, LastRetry, spread);
        try
        {
            while (true)
            {
                var (svid, problem) = await TryRenewAsync(entry, stop);
                if (svid is not null)
                {
                    await WaitForRenewalAsync(svid, retry, spread, stop);
                    continue;
                }

                entry.Fail(problem);
                log.LogWarning("no certificate for {Identity}: {Problem}", entry.Id, problem);
                await retry.WaitAsync(time, stop);
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Forgotten, or the process ends.
        }
        finally
        {
            _entries.TryRemove(KeyValuePair.Create(entry.Id, entry)); // Nobody would refresh it any more.
            if (entry.Replace(static () => null) is { } last) _loops.Add(RetireAsync(last, keepsSvid: false));
            entry.Fail("the identity is no longer served here");
        }
    }

    /// <summary>One attempt: the certificate that is now in use, or why it is not another. Throws only when told to stop.</summary>
    private async Task<(Svid? Svid, string Problem)> TryRenewAsync(CertificateEntry entry, CancellationToken stop)
    {
        Svid? unused = null;
        try
        {
            var result = await FetchAsync(entry, stop);
            unused = result.Svid;
            if (result is not { Svid: { } svid, Roots: { } roots }) return (null, result.Problem ?? "the CA gave no certificate");
            if (svid.NotAfter <= time.GetUtcNow()) return (null, $"the certificate from the CA ended at {svid.NotAfter:u}; is a clock wrong?");
            if (entry.Replace(() => identities.Create(svid, roots)) is { } old) _loops.Add(RetireAsync(old, keepsSvid: false));
            unused = null;
            return (svid, "");
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            return (null, e.GetBaseException().Message);
        }
        finally
        {
            unused?.Dispose();
        }
    }

    private async Task<CertificateResult> FetchAsync(CertificateEntry entry, CancellationToken stop)
    {
        await _turns.WaitAsync(entry.Turn, isRenewal: Usable(entry) is not null, stop);
        try
        {
            return await source.IssueAsync(entry.Id, stop);
        }
        finally
        {
            _turns.Leave(entry.Turn);
        }
    }

    /// <summary>
    /// Half of the life, give or take a tenth, so that a node's certificates do not all renew together. One that came later in its life than
    /// that (the clocks differ, or the CA gives old ones) is renewed as after a failure, for the next one may be no better.
    /// </summary>
    private async Task WaitForRenewalAsync(Svid svid, Backoff retry, Random spread, CancellationToken stop)
    {
        var at = svid.NotBefore + ((svid.NotAfter - svid.NotBefore) * (0.45 + (0.1 * spread.NextDouble())));
        var now = time.GetUtcNow();
        if (at - now < FirstRetry)
        {
            var pause = TimeSpan.FromTicks(Math.Min(retry.Next().Ticks, (svid.NotAfter - now).Ticks / 2));
            await Task.Delay(pause > FirstRetry ? pause : FirstRetry, time, stop);
            return;
        }

        retry.Reset();
        for (var left = at - now; left > TimeSpan.FromMilliseconds(1); left = at - time.GetUtcNow())
        {
            await Task.Delay(left < LongestSleep ? left : LongestSleep, time, stop);
        }
    }

    private async Task RetireAsync(TunnelIdentity old, bool keepsSvid)
    {
        try
        {
            await Task.Delay(Retirement, time, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The process ends.
        }

        old.Dispose();
        if (!keepsSvid) old.Svid.Dispose();
    }
}
