using System.Globalization;

namespace Mesh.Ztunnel.Admin;

/// <summary>The processor time of each thread of this process, as the kernel counts it.</summary>
internal static class ThreadTimes
{
    private const string Folder = "/proc/self/task";

    /// <summary>The kernel shows times in hundredths of a second, whatever its own tick is.</summary>
    private const double TicksPerSecond = 100;

    public static Dictionary<int, ThreadTime> Read()
    {
        var threads = new Dictionary<int, ThreadTime>();
        foreach (var task in Directory.EnumerateDirectories(Folder))
        {
            try
            {
                if (TryParse(File.ReadAllText(Path.Combine(task, "stat")), out var id, out var time)) threads[id] = time;
            }
            catch (IOException)
            {
                // The thread ended between the listing and the reading.
            }
        }

        return threads;
    }

    /// <summary>Reads <c>id (name) state ...</c>; a name may hold spaces and brackets.</summary>
    internal static bool TryParse(string stat, out int id, out ThreadTime time)
    {
        (id, time) = (0, default);
        var open = stat.IndexOf('(', StringComparison.Ordinal);
        var close = stat.LastIndexOf(')');
        if (open < 1 || close < open || !int.TryParse(stat.AsSpan(0, open).Trim(), CultureInfo.InvariantCulture, out id)) return false;
        var fields = stat[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        const int User = 11, System = 12; // Fields 14 and 15 of proc(5), of which three stand before these.
        if (fields.Length <= System) return false;
        if (!long.TryParse(fields[User], CultureInfo.InvariantCulture, out var user)) return false;
        if (!long.TryParse(fields[System], CultureInfo.InvariantCulture, out var system)) return false;
        time = new ThreadTime(stat[(open + 1)..close], user / TicksPerSecond, system / TicksPerSecond);
        return true;
    }
}
