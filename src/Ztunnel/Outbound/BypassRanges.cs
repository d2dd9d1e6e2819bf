using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Ztunnel.Outbound;

/// <summary>Where connections go straight, without a decision: the operator's word, not the mesh's. Immutable.</summary>
internal sealed class BypassRanges(ImmutableArray<BypassRange> ranges)
{
    /// <summary>Looked through for every outbound connection.</summary>
    public const int RangesMax = 256;

    public static BypassRanges None { get; } = new([]);

    public ImmutableArray<BypassRange> Ranges { get; } = ranges;

    public bool Covers(IpPort destination)
    {
        foreach (var range in Ranges.AsSpan())
        {
            if (range.Covers(destination)) return true;
        }

        return false;
    }

    /// <summary>A comma list of ranges; null with what is wrong.</summary>
    public static BypassRanges? TryParse(string text, out string problem)
    {
        var found = new List<BypassRange>();
        problem = "";
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!BypassRange.TryParse(part, found))
                problem = $"\"{part}\" is no range: write 10.0.0.0/8, 203.0.113.0/24:443, 2001:db8::/32:8000-8100 or *:5432";
            else if (found.Count > RangesMax) problem = $"more than {RangesMax} ranges";
            if (problem.Length > 0) return null;
        }

        return new BypassRanges([.. found]);
    }
}
