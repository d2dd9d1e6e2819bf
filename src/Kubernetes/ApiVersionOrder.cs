using System.Globalization;

namespace Mesh.Kubernetes;

/// <summary>The order of versions such as v2, v1, v1beta2, v1alpha1; names of another form come last, by name. Pure.</summary>
internal static class ApiVersionOrder
{
    public static readonly Comparison<string> NewestFirst = static (left, right) =>
    {
        var (a, b) = (Rank(left), Rank(right));
        return a == b ? string.CompareOrdinal(left, right) : b.CompareTo(a);
    };

    // Stability, then the major number, then the minor one.
    private static (int Stability, int Major, int Minor) Rank(string version)
    {
        if (version.Length < 2 || version[0] != 'v') return default;
        var at = 1;
        if (!TryNumber(version, ref at, out var major)) return default;
        if (at == version.Length) return (3, major, 0);
        var rest = version.AsSpan(at);
        var stability = rest.StartsWith("beta", StringComparison.Ordinal) ? 2 : rest.StartsWith("alpha", StringComparison.Ordinal) ? 1 : 0;
        if (stability == 0) return default;
        at += stability == 2 ? 4 : 5;
        return TryNumber(version, ref at, out var minor) && at == version.Length ? (stability, major, minor) : default;
    }

    private static bool TryNumber(string text, ref int at, out int number)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
