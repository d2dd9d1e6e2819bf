using Mesh.Daemon.Metering;
using Mesh.Hbone;
using Mesh.Identity;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Revocation;

/// <summary>
/// Keeps <see cref="RevocationView"/> true to its file: a good change is applied, a broken one is told and the last good lists stay. The
/// kernel tells of changes, and a look now and then finds what it does not. One task.
/// </summary>
internal sealed class RevocationWatch
{
    /// <summary>A volume is swapped in several steps, and an editor writes in several.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookDefault = TimeSpan.FromSeconds(30);
    private readonly TimeSpan _look;
    private readonly RevocationFile _file;
    private readonly RevocationView _view;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly MetricFamily<Counter> _loads;
    private readonly HashSet<RevocationList> _expired = [];
    private string _stamp = "";

    public RevocationWatch(string path, RevocationView view, Metrics metrics, ILogger log, TimeProvider time, TimeSpan? look = null)
    {
        _look = look ?? LookDefault;
        (_file, _view, _log, _time) = (new RevocationFile(path), view, log, time);
        _loads = metrics.Counters("mesh_crl_loads", "Attempts to read the revocation lists.", ["result"]);
        metrics.ObserveGauge("mesh_crl_lists", "Revocation lists in use.", () => view.Current.Lists.Lists.Length);
        metrics.ObserveGauge("mesh_crl_entries", "Certificates that are revoked by them.", () => view.Current.Lists.Entries);
        metrics.ObserveGauge("mesh_crl_expired_lists", "Lists in use whose next update is overdue.", CountExpired);
    }

    /// <summary>Reads the lists for the first time; null, or why there are none.</summary>
    public string? Load()
    {
        _stamp = _file.Stamp();
        var check = _file.Read(out var problem);
        _loads.With(problem is null ? "ok" : "failed").Increment();
        if (check is not null) Take(check);
        return problem;
    }

    /// <summary>Follows the file until told to stop; <paramref name="apply"/> runs after every change of the view.</summary>
    public async Task RunAsync(Func<RevocationCheck, Task> apply, CancellationToken stop)
    {
        using var folder = new FolderWatch(_file.Folder);
        folder.Arm();
        try
        {
            while (true)
            {
                if (await folder.WaitAsync(_look, _time, stop))
                {
                    await Task.Delay(Settle, _time, stop);
                    folder.Forget();
                    if (Reload() is { } told) await apply(told);
                }
                else
                {
                    var changed = _file.Stamp() != _stamp; // And nobody told: the watch is dead, or there was none.
                    if (changed || !folder.IsArmed) folder.Arm();
                    if (changed && Reload() is { } found) await apply(found);
                }

                WarnOfExpired();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
    }

    private RevocationCheck? Reload()
    {
        _stamp = _file.Stamp();
        var check = _file.Read(out var problem);
        if (problem is not null)
        {
            _loads.With("failed").Increment();
            var held = _view.Current.Lists;
            if (held.IsEmpty)
            {
                _log.LogError("CRL_PATH {Path} is still not usable: {Problem}. REVOKED CERTIFICATES ARE ACCEPTED", _file.Path, problem);
                return null;
            }

            _log.LogError(
                "CRL_PATH {Path} is not usable: {Problem}. The last good lists stay in use: {Lists} lists, {Entries} revoked certificates",
                _file.Path,
                problem,
                held.Lists.Length,
                held.Entries);
            return null;
        }

        _loads.With(check is null ? "unchanged" : "ok").Increment();
        if (check is not null) Take(check);
        return check;
    }

    private void Take(RevocationCheck check)
    {
        _view.Current = check;
        _log.LogInformation(
            "revocation lists are loaded from {Path}: {Lists} lists, {Entries} revoked certificates",
            _file.Path,
            check.Lists.Lists.Length,
            check.Lists.Entries);
        _expired.Clear();
        WarnOfExpired();
    }

    private void WarnOfExpired()
    {
        var now = _time.GetUtcNow();
        foreach (var list in _view.Current.Lists.Lists)
        {
            if (!(list.NextUpdate < now) || !_expired.Add(list)) continue;
            _log.LogWarning(
                "the revocation list of {Issuer} expired at {NextUpdate:o}; it is used on, but what was revoked since is not known",
                list.Issuer,
                list.NextUpdate);
        }
    }

    private double CountExpired()
    {
        var now = _time.GetUtcNow();
        var count = 0;
        foreach (var list in _view.Current.Lists.Lists)
        {
            if (list.NextUpdate < now) count++;
        }

        return count;
    }
}
