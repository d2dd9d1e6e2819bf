using System.Diagnostics;
using System.Globalization;

namespace Mesh.Bench.Measures;

/// <summary>Counts the system calls of processes: perf where the kernel lets it (cheap), else strace (slow, but right in number).</summary>
internal sealed class SystemCalls : IDisposable
{
    private readonly List<(Process Counter, string File)> counters = [];
    private readonly bool perf;

    private SystemCalls(bool perf) => this.perf = perf;

    public static SystemCalls Begin(Site site, IReadOnlyList<Process> processes)
    {
        var count = new SystemCalls(PerfWorks());
        if (!count.perf && !Shell.Has("strace")) throw new BenchException("neither perf's tracepoints nor strace (Debian package strace) are there");
        foreach (var process in processes)
        {
            var file = Path.Combine(site.Work, $"calls-{process.Id}.txt");
            File.Delete(file);
            string[] words = count.perf
                ? ["stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-o", file, "-p", $"{process.Id}"]
                : ["-c", "-f", "-o", file, "-p", $"{process.Id}"];
            count.counters.Add((Shell.Start(Site.ServerNode, count.perf ? "perf" : "strace", words, Path.Combine(site.Work, "calls.log")), file));
        }

        Waiting.Until(() => count.IsAttached(processes), "the system calls are being counted");
        return count;
    }

    /// <summary>Calls of all processes since the beginning.</summary>
    public double End()
    {
        var calls = 0.0;
        foreach (var (counter, file) in counters)
        {
            Shell.Run($"kill -INT {counter.Id}", mustSucceed: false);
            counter.WaitForExit();
            calls += perf ? ReadPerf(file) : ReadStrace(file);
        }

        return calls;
    }

    public void Dispose()
    {
        foreach (var (counter, _) in counters) Site.Kill(counter);
    }

    private bool IsAttached(IReadOnlyList<Process> processes)
    {
        try
        {
            for (var i = 0; i < processes.Count; i++)
            {
                if (counters[i].Counter.HasExited) throw new BenchException($"the counter of system calls ended with {counters[i].Counter.ExitCode}");
                if (perf ? !HasPerfEvents(counters[i].Counter, processes[i]) : !IsTraced(processes[i])) return false;
            }

            return true;
        }
        catch (IOException)
        {
            return false; // A thread or a descriptor went away while it was looked at; the next look is at those that are left.
        }
    }

    // perf opens an event for each thread, and switches all on at once when it has the last.
    private static bool HasPerfEvents(Process counter, Process counted)
    {
        var events = Directory.EnumerateFiles($"/proc/{counter.Id}/fd").Count(file => new FileInfo(file).LinkTarget == "anon_inode:[perf_event]");
        return events > 0 && events >= Directory.EnumerateDirectories($"/proc/{counted.Id}/task").Count();
    }

    private static bool IsTraced(Process counted) =>
        Directory.EnumerateDirectories($"/proc/{counted.Id}/task").All(thread => !File.ReadLines($"{thread}/status").Contains("TracerPid:\t0"));

    private static bool PerfWorks() =>
        Shell.Has("perf") && Shell.Run("perf stat -x , -e raw_syscalls:sys_enter true 2>&1 | grep -c '^[0-9]'", mustSucceed: false).Trim() == "1";

    private static double ReadPerf(string file) =>
        double.Parse(File.ReadLines(file).First(line => line.Contains("sys_enter", StringComparison.Ordinal)).Split(',')[0], CultureInfo.InvariantCulture);

    // The last line of strace's table: "100.00  0.123  4  27000  12 total".
    private static double ReadStrace(string file)
    {
        var total = File.ReadLines(file).LastOrDefault(line => line.EndsWith("total", StringComparison.Ordinal))
            ?? throw new BenchException("strace counted nothing (is ptrace allowed?)");
        return double.Parse(total.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
    }
}
