using System.Diagnostics;
using System.Globalization;

namespace Mesh.Bench.Measures;

/// <summary>What processes have used, from /proc.</summary>
internal static class Usage
{
    private const double TicksPerSecond = 100;
    private const double KibPerMib = 1024;
    private const double SettledWithin = 0.01;
    private static readonly TimeSpan SettleLook = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SettleTimeMax = TimeSpan.FromSeconds(8);

    /// <summary>Processor seconds of all threads of all of them, user and system.</summary>
    public static double CpuSeconds(IEnumerable<Process> processes) => processes.Sum(process =>
    {
        var text = File.ReadAllText($"/proc/{process.Id}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });

    /// <summary>Resident memory of the largest of them, MiB.</summary>
    public static double RssMib(IEnumerable<Process> processes) => processes.Max(ResidentMib);

    /// <summary>Resident memory of all of them, MiB.</summary>
    public static double RssMibOfAll(IEnumerable<Process> processes) => processes.Sum(ResidentMib);

    /// <summary>
    /// Resident memory of all of them once it has stood still for two seconds: after a start or a rush a runtime gives memory back in its
    /// own time, ours after a quiet second, and nothing tells that it is done. After the longest wait it is what it is.
    /// </summary>
    public static double SettledMibOfAll(IReadOnlyList<Process> processes)
    {
        var clock = Stopwatch.StartNew();
        var (level, since) = (RssMibOfAll(processes), TimeSpan.Zero);
        while (clock.Elapsed < SettleTimeMax && clock.Elapsed - since < SettledAfter)
        {
            Thread.Sleep(SettleLook);
            var now = RssMibOfAll(processes);
            if (Math.Abs(now - level) > level * SettledWithin) (level, since) = (now, clock.Elapsed);
        }

        return RssMibOfAll(processes);
    }

    public static double ResidentMib(Process process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / KibPerMib;
    }
}
