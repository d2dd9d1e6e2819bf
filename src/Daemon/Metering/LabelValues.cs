namespace Mesh.Daemon.Metering;

/// <summary>Compares label values by content, and finds a series from a span without building an array.</summary>
internal sealed class LabelValues : IEqualityComparer<string[]>, IAlternateEqualityComparer<ReadOnlySpan<string>, string[]>
{
    public static LabelValues Comparer { get; } = new();

    public bool Equals(string[]? x, string[]? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Equals(x.AsSpan(), y));

    public int GetHashCode(string[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<string> alternate, string[] other)
    {
        if (alternate.Length != other.Length) return false;
        for (var at = 0; at < other.Length; at++)
        {
            if (!string.Equals(alternate[at], other[at], StringComparison.Ordinal)) return false;
        }
        return true;
    }

    public int GetHashCode(ReadOnlySpan<string> alternate)
    {
        var hash = new HashCode();
        foreach (var value in alternate) hash.Add(string.GetHashCode(value, StringComparison.Ordinal));
        return hash.ToHashCode();
    }

    public string[] Create(ReadOnlySpan<string> alternate) => alternate.ToArray();
}
