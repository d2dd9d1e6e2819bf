using Mesh.Bench.Measures;

namespace Mesh.Bench;

/// <summary>Everything measured: by variant and key, one value per round.</summary>
internal sealed class Results
{
    private readonly Dictionary<string, Dictionary<string, List<double>>> values = [];
    private readonly Dictionary<string, Dictionary<string, List<Latencies>>> distributions = [];

    public IReadOnlyDictionary<string, Dictionary<string, List<double>>> Values => values;

    public List<string> Problems { get; } = [];

    public void Add(string variant, string key, double value) => Row(Row(values, variant), key).Add(value);

    public void AddDistribution(string variant, string key, Latencies latencies) => Row(Row(distributions, variant), key).Add(latencies);

    /// <summary>Something the reader of the figures must know.</summary>
    public List<string> Notes { get; } = [];

    public void Note(string text) => Notes.Add(text);

    public void Problem(string text)
    {
        Problems.Add(text);
        Console.WriteLine($"  ✗ {text}");
    }

    /// <summary>NaN when it was not measured.</summary>
    public double Median(string variant, string key) =>
        values.TryGetValue(variant, out var row) && row.TryGetValue(key, out var list) ? Statistics.Median(list) : double.NaN;

    /// <summary>The median distribution of each variant that has one.</summary>
    public IEnumerable<(string Variant, Latencies Latencies)> Distribution(string key) =>
        from row in distributions where row.Value.ContainsKey(key) select (row.Key, Latencies.MedianOf(row.Value[key]));

    private static TValue Row<TValue>(Dictionary<string, TValue> table, string key) where TValue : new()
    {
        if (!table.TryGetValue(key, out var row)) table[key] = row = new TValue();
        return row;
    }
}
