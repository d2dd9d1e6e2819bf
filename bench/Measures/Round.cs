using Mesh.Bench.Variants;

namespace Mesh.Bench.Measures;

/// <summary>What is measured of every variant in every round.</summary>
internal static class Round
{
    private const int RateSeconds = 6;
    private const int WarmUpSeconds = 2;
    private const double BytesPerGib = 1L << 30;
    private const double Micro = 1e6;

    public static void Measure(Site site, Variant variant, int seconds, Results results)
    {
        if (variant.IsProxy) results.Add(variant.Name, "rss.idle", Usage.RssMib(variant.HttpPath));
        var before = Usage.CpuSeconds(variant.HttpPath);
        var paced = Load.AtRate(site.Work, perSecond: 1000, connections: 10, RateSeconds);
        if (variant.IsProxy)
        {
            results.Add(variant.Name, "rate.cpu", (Usage.CpuSeconds(variant.HttpPath) - before) / (RateSeconds + WarmUpSeconds));
            results.Add(variant.Name, "rate.rss", Usage.RssMib(variant.HttpPath));
        }

        AddLatencies(variant, "rate", paced, results);
        foreach (var connections in (int[])[1, 16, 64]) Saturate(variant, $"sat{connections}", connections, seconds, newConnections: false, results);
        Saturate(variant, "new", connections: 16, seconds, newConnections: true, results);
        foreach (var connections in (int[])[1, 2, 8]) Bulk(variant, connections, seconds, results);
        if (variant.IsProxy) results.Add(variant.Name, "rss.end", Usage.RssMib(variant.HttpPath));
    }

    private static void Saturate(Variant variant, string key, int connections, int seconds, bool newConnections, Results results)
    {
        var before = Usage.CpuSeconds(variant.HttpPath);
        var (perSecond, requests, latencies, errors) = Load.Saturate(connections, seconds, newConnections);
        results.Add(variant.Name, $"{key}.rps", perSecond);
        results.Add(variant.Name, $"{key}.errors", errors);
        AddLatencies(variant, key, latencies, results);
        if (variant.IsProxy) results.Add(variant.Name, $"{key}.cpu", (Usage.CpuSeconds(variant.HttpPath) - before) / requests * Micro);
    }

    private static void Bulk(Variant variant, int connections, int seconds, Results results)
    {
        var before = Usage.CpuSeconds(variant.BulkPath);
        var (gigabits, bytes) = Load.Bulk(connections, seconds);
        results.Add(variant.Name, $"bulk{connections}.gbps", gigabits);
        // iperf3 leaves its first second out of the bytes; the processor worked through it.
        var share = seconds / (seconds + 1.0);
        if (variant.IsProxy) results.Add(variant.Name, $"bulk{connections}.cpu", (Usage.CpuSeconds(variant.BulkPath) - before) * share / (bytes / BytesPerGib));
    }

    private static void AddLatencies(Variant variant, string key, Latencies latencies, Results results)
    {
        results.Add(variant.Name, $"{key}.p50", latencies.At(50));
        results.Add(variant.Name, $"{key}.p99", latencies.At(99));
        results.Add(variant.Name, $"{key}.p999", latencies.At(99.9));
        results.AddDistribution(variant.Name, key, latencies);
    }
}
