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

        Thread.Sleep(500); // Attached by then.
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
