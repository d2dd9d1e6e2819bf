using System.Globalization;
using System.Text;
using Mesh.Daemon.Admin;

namespace Mesh.Ztunnel.Admin;

/// <summary>
/// What can be told of the running program: memory and processor time. Profiles in upstream's format do not exist here: the program is
/// compiled ahead of time and holds no sampler, and its pages say so and name what to use.
/// </summary>
internal static class RuntimePages
{
    private const int SecondsMax = 20;
    private const string StatusFile = "/proc/self/status";
    private static readonly string[] StatusLines = ["VmHWM", "VmRSS", "RssAnon", "RssFile", "VmData", "Threads"];

    public static AdminResponse NoProfile(AdminRequest request) => AdminResponse.Text(
        "There is no processor profile: this program has no sampler in it.\n"
        + "Its symbols are in the binary, so a profiler of the system reads it: perf record -g -p "
        + Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
        + "\nWhich thread uses the processor: GET /debug/threads?seconds=5\n",
        501);

    public static AdminResponse NoHeapProfile(AdminRequest request) => AdminResponse.Text(
        "There is no heap profile: memory is managed by a garbage collector, which keeps no record of who asked for what.\n"
        + "What it holds, and what the process does: GET /debug/memory\n",
        501);

    /// <summary>The collector's numbers of the last collection and the kernel's of now.</summary>
    public static AdminResponse Memory(AdminRequest request)
    {
        var last = GC.GetGCMemoryInfo(GCKind.Any);
        var text = new StringBuilder();
        Line(text, "managed.heap_bytes", GC.GetTotalMemory(forceFullCollection: false));
        Line(text, "managed.allocated_bytes_total", GC.GetTotalAllocatedBytes());
        Line(text, "managed.committed_bytes", last.TotalCommittedBytes);
        Line(text, "managed.fragmented_bytes", last.FragmentedBytes);
        Line(text, "managed.pinned_objects", last.PinnedObjectsCount);
        Line(text, "managed.pause_seconds_total", GC.GetTotalPauseDuration().TotalSeconds);
        Line(text, "managed.pause_percent", last.PauseTimePercentage);
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            Line(text, $"managed.collections_total.gen{generation}", GC.CollectionCount(generation));
        }

        string[] names = ["gen0", "gen1", "gen2", "large", "pinned"];
        for (var i = 0; i < last.GenerationInfo.Length && i < names.Length; i++)
        {
            Line(text, $"managed.size_after_bytes.{names[i]}", last.GenerationInfo[i].SizeAfterBytes);
        }

        Line(text, "machine.available_bytes", last.TotalAvailableMemoryBytes);
        foreach (var line in File.ReadLines(StatusFile))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !StatusLines.Contains(line[..colon])) continue;
            text.Append("process.").Append(line[..colon]).Append(' ').Append(line[(colon + 1)..].Trim()).Append('\n');
        }

        return AdminResponse.Text(text.ToString());
    }

    /// <summary>Each thread's processor time since its start and, for <c>?seconds=N</c>, its share of a processor during them; busiest first.</summary>
    public static async ValueTask<AdminResponse> ThreadsAsync(AdminRequest request, TimeProvider time, CancellationToken stop)
    {
        var seconds = 0;
        if (request.Query.TryGetValue("seconds", out var asked)
            && (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds is < 1 or > SecondsMax))
        {
            return AdminResponse.Text($"seconds is a number from 1 to {SecondsMax}\n", 400);
        }

        var before = ThreadTimes.Read();
        var started = time.GetTimestamp();
        if (seconds > 0) await Task.Delay(TimeSpan.FromSeconds(seconds), time, stop);
        var after = seconds > 0 ? ThreadTimes.Read() : before;
        var elapsed = time.GetElapsedTime(started).TotalSeconds;
        var rows = after
            .Select(thread => (thread.Key, thread.Value, Used: Used(thread.Value) - (before.TryGetValue(thread.Key, out var old) ? Used(old) : 0)))
            .OrderByDescending(row => seconds > 0 ? row.Used : Used(row.Value))
            .ThenBy(row => row.Key);
        var text = new StringBuilder("thread\tname\tuser_seconds\tsystem_seconds").Append(seconds > 0 ? "\tpercent\n" : "\n");
        foreach (var (id, thread, used) in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{id}\t{thread.Name}\t{thread.UserSeconds:0.00}\t{thread.SystemSeconds:0.00}");
            if (seconds > 0) text.Append(CultureInfo.InvariantCulture, $"\t{100 * used / elapsed:0.0}");
            text.Append('\n');
        }

        return AdminResponse.Text(text.ToString());
    }

    private static double Used(ThreadTime thread) => thread.UserSeconds + thread.SystemSeconds;

    private static void Line<T>(StringBuilder text, string name, T value) where T : IFormattable =>
        text.Append(name).Append(' ').Append(value.ToString(null, CultureInfo.InvariantCulture)).Append('\n');
}
