using System.Collections.Concurrent;
using System.Globalization;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>Adds up a proxy's access lines by direction and port while they come. Any thread.</summary>
internal sealed class AccessTotals
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Direction, int Port), Total> _totals = [];

    /// <summary>Lines that no healthy proxy writes: exceptions of its own, lost lines.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    public Total Of(string direction, int port)
    {
        lock (_gate) return _totals.GetValueOrDefault((direction, port));
    }

    public Total All(string direction)
    {
        lock (_gate) return _totals.Where(entry => entry.Key.Direction == direction).Aggregate(default(Total), static (sum, entry) => sum + entry.Value);
    }

    public void Add(string line)
    {
        if (!line.Contains("\taccess\tconnection complete", StringComparison.Ordinal))
        {
            var isFault = line.Contains("by a fault", StringComparison.Ordinal) || line.Contains("\terror\tloop\t", StringComparison.Ordinal)
                || line.Contains("log lines were dropped", StringComparison.Ordinal) || line.Contains("Unhandled", StringComparison.Ordinal);
            if (isFault) Faults.Enqueue(line);
            return;
        }

        var direction = Value(line, "direction=").Trim('"');
        var authority = Value(line, "dst.hbone_addr=");
        var port = int.TryParse(authority[(authority.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture, out var number) ? number : 0;
        var one = new Total(1, Number(line, "bytes_sent="), Number(line, "bytes_recv="), line.Contains("\terror\t", StringComparison.Ordinal) ? 1 : 0);
        lock (_gate) _totals[(direction, port)] = _totals.GetValueOrDefault((direction, port)) + one;
    }

    private static long Number(string line, string key) => long.Parse(Value(line, key), CultureInfo.InvariantCulture);

    private static string Value(string line, string key)
    {
        var at = line.IndexOf(" " + key, StringComparison.Ordinal);
        if (at < 0) at = line.IndexOf("\t" + key, StringComparison.Ordinal);
        if (at < 0) return "";
        var from = at + 1 + key.Length;
        var to = line.IndexOf(' ', from);
        return to < 0 ? line[from..] : line[from..to];
    }

    /// <summary>Connections and their bytes, as that side's log counts them.</summary>
    internal readonly record struct Total(long Connections, long Sent, long Received, long Errors)
    {
        public static Total operator +(Total a, Total b) =>
            new(a.Connections + b.Connections, a.Sent + b.Sent, a.Received + b.Received, a.Errors + b.Errors);
    }
}
