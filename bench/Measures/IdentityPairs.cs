using System.Diagnostics;
using System.Net.Sockets;
using Mesh.Bench.Pods;
using Mesh.Bench.Variants;

namespace Mesh.Bench.Measures;

/// <summary>
/// New tunnels between many identities: eight pods on each of two nodes, and every pair's first connection at the same moment, so each
/// costs a handshake with certificates of its own. Rounds of all ztunnels are interleaved.
/// </summary>
internal static class IdentityPairs
{
    /// <summary>A burst takes about a second, most of it for the tunnels to be let go.</summary>
    private const int BurstsPerRound = 4;

    private static readonly TimeSpan TimeMaxEach = TimeSpan.FromSeconds(30);

    public static void Measure(Site site, IReadOnlyList<(string Name, string Binary)> ztunnels, int rounds, Results results)
    {
        var clock = Stopwatch.StartNew();
        Note(results, "64 pairs of identities", () =>
        {
            using var pods = new PodSite(site);
            for (var round = 1; round <= rounds; round++)
            {
                if (clock.Elapsed > TimeMaxEach * ztunnels.Count)
                {
                    results.Note($"new tunnels of 64 pairs: {round - 1} of {rounds} rounds, because they take long here");
                    break;
                }

                foreach (var (name, binary) in ztunnels) Note(results, $"{name}, new tunnels of 64 pairs", () => MeasureRound(site, pods, name, binary, results));
            }
        });
    }

    private static void MeasureRound(Site site, PodSite pods, string name, string binary, Results results)
    {
        using var ztunnels = new SharedZtunnels(name, binary, pods);
        ztunnels.Start(site);
        using (var warmUp = new Burst(pods)) _ = warmUp.Run(); // Certificates are there and code is warm from now on.
        var (elapsed, cpu, samples) = (TimeSpan.Zero, 0.0, new List<double>(BurstsPerRound * PodSite.Pairs));
        for (var i = 0; i < BurstsPerRound; i++)
        {
            Waiting.Until(() => pods.CountTunnels() == 0, $"{name} lets go of the tunnels that nobody uses");
            using var burst = new Burst(pods);
            var before = Usage.CpuSeconds(ztunnels.HttpPath);
            var (took, microseconds) = burst.Run();
            cpu += Usage.CpuSeconds(ztunnels.HttpPath) - before;
            elapsed += took;
            samples.AddRange(microseconds);
            var tunnels = pods.CountTunnels();
            if (tunnels != PodSite.Pairs) throw new BenchException($"{tunnels} tunnels for {PodSite.Pairs} pairs: identities share them, or there are too many");
        }

        var latencies = Latencies.FromSamples(samples);
        results.Add(name, "pairs.rps", samples.Count / elapsed.TotalSeconds);
        results.Add(name, "pairs.cpu", cpu / samples.Count * 1e6);
        results.Add(name, "pairs.p50", latencies.At(50));
        results.Add(name, "pairs.p99", latencies.At(99));
        results.AddDistribution(name, "pairs", latencies);
    }

    private static void Note(Results results, string what, Action measure)
    {
        try
        {
            measure();
        }
        catch (Exception e) when (e is BenchException or IOException or InvalidOperationException or SocketException)
        {
            results.Problem($"{what}: {e.Message.Split('\n')[0]}");
        }
    }
}
