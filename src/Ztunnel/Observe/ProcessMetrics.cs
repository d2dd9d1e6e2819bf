using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;

namespace Mesh.Ztunnel.Observe;

/// <summary>Metrics of the process itself.</summary>
internal static class ProcessMetrics
{
    private const string DescriptorFolder = "/proc/self/fd";
    private const string LimitsFile = "/proc/self/limits";

    public static void Register(Metrics metrics, string version, Log log)
    {
        metrics.Gauges("istio_build", "Which release runs.", ["component", "tag"]).With("ztunnel", version.Length > 0 ? version : "unknown").Set(1);
        metrics.ObserveGauge("process_open_fds", "Open descriptors.", static () => OrUntold(CountDescriptors));
        metrics.ObserveGauge("process_max_fds", "Descriptors that may be open.", static () => OrUntold(ReadLimit));
        metrics.ObserveCounter("mesh_log_lines_dropped", "Log lines that were lost because the output or its reader was too slow.", () => log.Dropped);
    }

    /// <summary>Without a descriptor left these files cannot be read, and all other metrics matter most.</summary>
    internal static double OrUntold(Func<double> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return double.NaN;
        }
    }

    private static double CountDescriptors()
    {
        var count = 0;
        foreach (var _ in Directory.EnumerateFileSystemEntries(DescriptorFolder)) count++;
        return count;
    }

    private static double ReadLimit()
    {
        foreach (var line in File.ReadLines(LimitsFile))
        {
            if (!line.StartsWith("Max open files", StringComparison.Ordinal)) continue;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Length > 3 && double.TryParse(words[3], System.Globalization.CultureInfo.InvariantCulture, out var soft) ? soft : 0;
        }

        return 0;
    }
}
