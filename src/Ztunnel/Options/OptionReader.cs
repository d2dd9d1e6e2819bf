using System.Buffers;
using System.Globalization;

namespace Mesh.Ztunnel.Options;

/// <summary>Reads typed settings from variables, and collects every problem instead of stopping at the first.</summary>
internal sealed class OptionReader(IReadOnlyDictionary<string, string> variables)
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private readonly List<OptionProblem> _problems = [];

    public IReadOnlyList<OptionProblem> Problems => _problems;

    /// <summary>Null when unset; an empty value is a value.</summary>
    public string? Find(string name) => variables.GetValueOrDefault(name);

    public string Text(string name, string fallback) => variables.GetValueOrDefault(name, fallback);

    public string? TextOrNull(string name) => variables.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public bool Flag(string name, bool fallback) => FlagOrNull(name) ?? fallback;

    public bool? FlagOrNull(string name)
    {
        if (TextOrNull(name) is not { } value) return null;
        if (value.Equals("true", StringComparison.OrdinalIgnoreCase) || value == "1") return true;
        if (value.Equals("false", StringComparison.OrdinalIgnoreCase) || value == "0") return false;
        Refuse(name, value, "write true or false");
        return null;
    }

    public int Number(string name, int fallback, int min, int max)
    {
        if (TextOrNull(name) is not { } value) return fallback;
        if (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max) return number;
        Refuse(name, value, $"write a whole number from {min} to {max}");
        return fallback;
    }

    /// <summary>A number of 32 bits without a sign.</summary>
    public uint Unsigned(string name, uint fallback)
    {
        if (TextOrNull(name) is not { } value) return fallback;
        if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        Refuse(name, value, $"write a whole number from 0 to {uint.MaxValue}");
        return fallback;
    }

    public TimeSpan Duration(string name, TimeSpan fallback) => DurationOrNull(name) ?? fallback;

    /// <summary>A duration the kernel takes, in whole seconds.</summary>
    public TimeSpan Seconds(string name, int fallback, int min, int max)
    {
        var duration = Duration(name, TimeSpan.FromSeconds(fallback));
        if (duration.TotalSeconds >= min && duration.TotalSeconds <= max) return duration;
        Refuse(name, TextOrNull(name) ?? "", $"write a duration from {min}s to {max}s");
        return TimeSpan.FromSeconds(fallback);
    }

    public TimeSpan? DurationOrNull(string name)
    {
        if (TextOrNull(name) is not { } value) return null;
        if (TryParseDuration(value, out var duration)) return duration;
        Refuse(name, value, "write a duration such as 10s, 5m or 24h");
        return null;
    }

    public void Refuse(string name, string value, string wayOut) => _problems.Add(new OptionProblem(name, value, wayOut));

    /// <summary>Reads 1h30m, 10s, 250ms; a bare zero is zero.</summary>
    internal static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text is "0") return true;
        if (text.IsEmpty) return false;
        var seconds = 0.0;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)) return false;
            text = text[digits..];
            var letters = text.IndexOfAny(Digits);
            var unit = letters < 0 ? text : text[..letters];
            double scale = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, "d" => 86_400, _ => 0 };
            if (scale == 0) return false;
            seconds += amount * scale;
            text = text[unit.Length..];
        }

        if (seconds > TimeSpan.FromDays(3650).TotalSeconds) return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
