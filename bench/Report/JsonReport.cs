using System.Text.Json;

namespace Mesh.Bench.Report;

/// <summary>All values of all rounds, their medians, and where they were measured.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string Render(Results results, BenchOptions options, DateTimeOffset began) => JsonSerializer.Serialize(
        new
        {
            began,
            machine = new { processors = Environment.ProcessorCount, kernel = Environment.OSVersion.VersionString },
            rounds = options.Rounds,
            secondsPerMeasure = options.Seconds,
            measures = options.Wanted,
            ztunnel = options.Ztunnel,
            other = options.Other,
            values = results.Values,
            medians = results.Values.ToDictionary(v => v.Key, v => v.Value.ToDictionary(k => k.Key, k => Statistics.Median(k.Value))),
            notes = results.Notes,
            problems = results.Problems,
        },
        Indented);
}
