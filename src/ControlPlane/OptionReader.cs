using System.Globalization;
using System.Text.RegularExpressions;
using Mesh.Kubernetes;

namespace Mesh.ControlPlane;

/// <summary>Reads environment variables into values and gathers what is wrong with them.</summary>
internal sealed partial class OptionReader(Func<string, string?> variable)
{
    private readonly List<OptionProblem> _problems = [];

    public IReadOnlyList<OptionProblem> Problems => _problems;

    public void Problem(string name, string value, string wayOut) => _problems.Add(new OptionProblem(name, value, wayOut));

    public string Text(string name, string otherwise) => variable(name) is { Length: > 0 } text ? text.Trim() : otherwise;

    public IReadOnlyList<string> List(string name, IReadOnlyList<string> otherwise) => variable(name) is { Length: > 0 } text
        ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        : otherwise;

    public bool Flag(string name, bool otherwise)
    {
        if (variable(name) is not { Length: > 0 } text) return otherwise;
        if (bool.TryParse(text, out var flag)) return flag;
        Problem(name, text, "write true or false");
        return otherwise;
    }

    public int Number(string name, int otherwise, int least, int most)
    {
        if (variable(name) is not { Length: > 0 } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        Problem(name, text, $"write a number from {least} to {most}");
        return otherwise;
    }

    public IReadOnlyList<ObjectKey> Accounts(string name)
    {
        var accounts = new List<ObjectKey>();
        foreach (var text in List(name, []))
        {
            var parts = text.Split('/');
            if (parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > 0) accounts.Add(new ObjectKey(parts[0], parts[1]));
            else Problem(name, text, "write namespace/serviceaccount, several with commas between");
        }
        return accounts;
    }

    /// <summary>Durations as Go writes them: 24h, 1h30m, 100ms.</summary>
    public TimeSpan Duration(string name, TimeSpan otherwise, TimeSpan least)
    {
        if (variable(name) is not { Length: > 0 } text) return otherwise;
        if (TryDuration(text, out var duration) && duration >= least) return duration;
        Problem(name, text, $"write a duration such as 24h, 30m, 15s or 100ms, at least {least.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s");
        return otherwise;
    }

    private static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (!DurationForm().IsMatch(text)) return false;
        var seconds = 0.0;
        foreach (Match part in DurationPart().Matches(text))
        {
            var amount = double.Parse(part.Groups["amount"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
            seconds += amount * part.Groups["unit"].Value switch { "h" => 3600, "m" => 60, "s" => 1, _ => 0.001 };
        }
        if (seconds > TimeSpan.MaxValue.TotalSeconds / 2) return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    [GeneratedRegex(@"^([0-9]{1,12}(\.[0-9]{1,9})?(h|ms|m|s))+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DurationForm();

    [GeneratedRegex(@"(?<amount>[0-9]+(\.[0-9]+)?)(?<unit>h|ms|m|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DurationPart();
}
