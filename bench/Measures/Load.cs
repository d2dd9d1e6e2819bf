using System.Globalization;
using System.Text.Json;

namespace Mesh.Bench.Measures;

/// <summary>The load generators, all in the client's namespace, all dialling the server's own address.</summary>
internal static class Load
{
    private const string Url = "http://10.90.0.2:8080/";
    private const double BitsPerGigabit = 1e9;
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>iperf3: gigabits per second and bytes received.</summary>
    public static (double GigabitsPerSecond, double Bytes) Bulk(int connections, int seconds)
    {
        var output = Shell.Run(Site.AsClient($"iperf3 -J -c {Site.ServerIp} -p {Site.BulkPort} -P {connections} -t {seconds} -O 1"), mustSucceed: false);
        using var json = JsonDocument.Parse(output);
        if (json.RootElement.TryGetProperty("error", out var error)) throw new BenchException($"iperf3: {error}");
        var end = json.RootElement.GetProperty("end");
        var received = end.GetProperty("sum_received");
        return (received.GetProperty("bits_per_second").GetDouble() / BitsPerGigabit, received.GetProperty("bytes").GetDouble());
    }

    /// <summary>h2load at a fixed rate, timed per request, after two seconds of warm-up.</summary>
    public static Latencies AtRate(string work, int perSecond, int connections, int seconds)
    {
        var log = Path.Combine(work, "h2load.tsv");
        File.Delete(log);
        var rate = (perSecond / (double)connections).ToString(Invariant);
        Shell.Run(Site.AsClient($"h2load --h1 -c {connections} -t 1 --rps {rate} -D {seconds} --warm-up-time 2s --log-file {log} {Url}"), mustSucceed: false);
        var samples = new List<double>();
        foreach (var line in File.ReadLines(log))
        {
            var cells = line.Split('\t');
            if (cells[1] == "200") samples.Add(double.Parse(cells[2], Invariant));
        }

        if (samples.Count < perSecond * seconds / 2) throw new BenchException($"only {samples.Count} answers at {perSecond} requests/s");
        return Latencies.FromSamples(samples);
    }

    /// <summary>wrk as fast as it goes.</summary>
    public static (double PerSecond, double Requests, Latencies Latencies, double Errors) Saturate(int connections, int seconds, bool newConnections = false)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Measures/percentiles.lua");
        var header = newConnections ? "-H 'Connection: close'" : "";
        var output = Shell.Run(Site.AsClient($"wrk -t 1 -c {connections} -d {seconds}s -s '{script}' {header} {Url}"));
        var microseconds = Lines(output, "PERCENTILE").Select(cells => double.Parse(cells[2], Invariant)).ToArray();
        var total = Lines(output, "TOTAL").Single();
        var requests = double.Parse(total[1], Invariant);
        var perSecond = requests / (double.Parse(total[2], Invariant) / 1e6);
        if (requests == 0) throw new BenchException($"no answers over {connections} connections");
        return (perSecond, requests, new Latencies(microseconds), double.Parse(total[3], Invariant));
    }

    private static IEnumerable<string[]> Lines(string output, string word) =>
        output.Split('\n').Where(line => line.StartsWith(word, StringComparison.Ordinal)).Select(line => line.Split(' '));
}
