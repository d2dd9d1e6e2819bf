using System.Collections.Concurrent;
using Mesh.Daemon;
using Mesh.Hbone;
using Mesh.Identity;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Certificates;

/// <summary>
/// The certificates of all local identities: fetched when first asked for, renewed at about half of their life, shared by every pod of the
/// identity. Each entry has its own loop, so identities neither wait for nor back off with one another. Any thread.
/// </summary>
internal sealed class CertificateStore(ICertificateSource source, TunnelIdentities identities, ILogger log, TimeProvider time, Random chance)
    : IAsyncDisposable
{
    private const int EntriesMax = 16_384;
    private const int ParallelMax = 8;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(150);

    /// <summary>Handshakes that began with the old certificate may still hold its contexts.</summary>
    private static readonly TimeSpan Retirement = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<SpiffeId, CertificateEntry> _entries = new();
    private readonly SemaphoreSlim _slots = new(ParallelMax);
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
        await _stop.CancelAsync();
        await _loops.WhenAllAsync();
        _stop.Dispose();
        _slots.Dispose();
    }

    private CertificateEntry? Ensure(SpiffeId id)
    {
        if (_entries.TryGetValue(id, out var known)) return known;
        lock (_gate)
        {
            if (_entries.TryGetValue(id, out known)) return known;
            if (_entries.Count >= EntriesMax || _stop.IsCancellationRequested) return null;
            var entry = new CertificateEntry(id, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token));
            _entries[id] = entry;
            _loops.Add(KeepAsync(entry));
            return entry;
        }
    }

    private TunnelIdentity? Usable(CertificateEntry entry) =>
        entry.Identity is { } identity && identity.Svid.NotAfter > time.GetUtcNow() ? identity : null;

    private async Task KeepAsync(CertificateEntry entry)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // Off the caller's loop: keys take a while.
        var retry = new Backoff(FirstRetry, LastRetry, chance);
        try
        {
            while (true)
            {
                var result = await FetchAsync(entry, entry.End.Token);
                if (result.Svid is { } svid)
                {
                    if (entry.Replace(() => identities.Create(svid, result.Roots!)) is { } old) _loops.Add(RetireAsync(old, keepsSvid: false));
                    retry.Reset();
                    await Task.Delay(UntilRenewal(svid), time, entry.End.Token);
                    continue;
                }

                entry.Fail(result.Problem!);
                log.LogWarning("no certificate for {Identity}: {Problem}", entry.Id, result.Problem);
                await retry.WaitAsync(time, entry.End.Token);
            }
        }
        catch (OperationCanceledException) when (entry.End.IsCancellationRequested)
        {
            entry.Fail("the identity is no longer served here");
        }
        finally
        {
            if (entry.Replace(static () => null) is { } last) _loops.Add(RetireAsync(last, keepsSvid: false));
            entry.End.Dispose();
        }
    }

    private async Task<CertificateResult> FetchAsync(CertificateEntry entry, CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        try
        {
            return await source.IssueAsync(entry.Id, stop);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Half of the life, give or take a tenth, so that a node's certificates do not all renew together.</summary>
    private TimeSpan UntilRenewal(Svid svid)
    {
        double share;
        lock (_gate) share = 0.45 + (0.1 * chance.NextDouble());
        var at = svid.NotBefore + ((svid.NotAfter - svid.NotBefore) * share);
        var wait = at - time.GetUtcNow();
        return wait > FirstRetry ? wait : FirstRetry;
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
