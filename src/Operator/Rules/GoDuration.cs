using System.Globalization;
using System.Text.RegularExpressions;

namespace Mesh.Operator.Rules;

/// <summary>A duration as Kubernetes users write it: 24h, 90m, 1h30m.</summary>
internal static class GoDuration
{
    private static readonly Regex s_shape = new(
        @"^((?<h>\d{1,6})h)?((?<m>\d{1,6})m)?((?<s>\d{1,6})s)?\z",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);

    public static bool TryParse(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        var match = s_shape.Match(text);
        if (!match.Success || text.Length == 0) return false;
        value = new TimeSpan(Part(match, "h"), Part(match, "m"), Part(match, "s"));
        return true;
    }

    private static int Part(Match match, string group) =>
        match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;
}
