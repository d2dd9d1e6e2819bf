using System.Globalization;

namespace Mesh.Namespaced.Tests.Harness;

/// <summary>A scraped metrics page.</summary>
internal sealed class MetricsPage(string text)
{
    private readonly string[] _lines = text.Split('\n');

    /// <summary>The sum of a family's samples whose labels hold every given part.</summary>
    public double Sum(string name, params string[] parts) => _lines
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is '{' or ' '
            && parts.All(part => line.Contains(part, StringComparison.Ordinal)))
        .Where(line => line[name.Length] is '{' or ' ')
        .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..].Trim(), CultureInfo.InvariantCulture));
}
