using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Logging;

/// <summary>
/// Logs refusals of one place once per cause and minute, with how many there were: a flood fills counters, not logs. Where it was stands
/// before the cause. Any thread.
/// </summary>
public sealed class CauseLog(TimeProvider time, ILogger log, string where = "")
{
    private const int CausesMax = 256;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Seen> _causes = new(StringComparer.Ordinal);

    /// <summary>The cause comes from a small fixed set; the reason may be anything.</summary>
    public void Warn(string cause, string reason, string peer)
    {
        if (_causes.Count >= CausesMax && !_causes.ContainsKey(cause)) cause = "other";
        var seen = _causes.GetOrAdd(cause, static _ => new Seen());
        long suppressed;
        lock (seen)
        {
            var now = time.GetUtcNow();
            if (now - seen.LoggedAt < Every)
            {
                seen.Suppressed++;
                return;
            }
            (suppressed, seen.Suppressed, seen.LoggedAt) = (seen.Suppressed, 0, now);
        }
        log.LogWarning(
            "Refused ({Where}{Cause}) from {Peer}: {Reason} ({Suppressed} more of this kind since the last such line)",
            where, cause, peer, reason, suppressed);
    }

    private sealed class Seen
    {
        public DateTimeOffset LoggedAt { get; set; } = DateTimeOffset.MinValue;
        public long Suppressed { get; set; }
    }
}
