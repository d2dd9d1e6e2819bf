using System.Globalization;

namespace Mesh.Operator.Rules;

/// <summary>A Kubernetes quantity such as 500m, 2 or 512Mi, as far as comparing two of them needs it.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] s_units =
    [
        ("Ki", 1024m), ("Mi", 1024m * 1024), ("Gi", 1024m * 1024 * 1024), ("Ti", 1024m * 1024 * 1024 * 1024),
        ("Pi", 1024m * 1024 * 1024 * 1024 * 1024), ("m", 0.001m), ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m), ("", 1m),
    ];

    public static bool TryParse(string text, out decimal value)
    {
        value = 0;
        foreach (var (suffix, factor) in s_units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal)) continue;
            var digits = text.AsSpan(0, text.Length - suffix.Length);
            if (digits.Length > 15) return false;
            if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
            value = number * factor;
            return true;
        }
        return false;
    }
}
