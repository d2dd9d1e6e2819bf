using System.Globalization;
using System.Text;

namespace Mesh.Daemon.Metering;

/// <summary>
/// Writes metrics in the Prometheus text format or, when the scraper asks for it, as OpenMetrics. Both name the samples of a counter
/// with `_total`; they differ in the name of its family, in the end mark and in how numbers of buckets look. One use, one thread.
/// </summary>
public sealed class Exposition(bool openMetrics)
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private readonly StringBuilder _text = new();
    private string _family = "";

    public string ContentType => openMetrics ? OpenMetricsType : TextType;

    /// <summary>The format an Accept header asks for.</summary>
    public static Exposition For(string? accept) =>
        new(accept?.Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>`{a="x",b="y"}`, or nothing without labels.</summary>
    public static string LabelText(ReadOnlySpan<string> names, ReadOnlySpan<string> values)
    {
        if (names.IsEmpty) return "";
        var text = new StringBuilder("{");
        for (var at = 0; at < names.Length; at++)
        {
            if (at > 0) text.Append(',');
            text.Append(names[at]).Append("=\"");
            foreach (var character in values[at])
            {
                _ = character switch
                {
                    '\\' => text.Append("\\\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append("\\n"),
                    _ => text.Append(character),
                };
            }
            text.Append('"');
        }
        return text.Append('}').ToString();
    }

    /// <summary>Begins a family. A counter's name is given without `_total`.</summary>
    public void Begin(string name, string help, string type)
    {
        _family = name;
        var shown = type == "counter" && !openMetrics ? name + "_total" : name;
        var line = help.Replace("\\", "\\\\", StringComparison.Ordinal).ReplaceLineEndings("\\n");
        _text.Append("# HELP ").Append(shown).Append(' ').Append(line);
        _text.Append("\n# TYPE ").Append(shown).Append(' ').Append(type).Append('\n');
    }

    /// <summary>One sample of the family that was begun.</summary>
    public void Sample(string suffix, string labels, double value) =>
        _text.Append(_family).Append(suffix).Append(labels).Append(' ').Append(Number(value)).Append('\n');

    /// <summary>A histogram's samples: its counts are not cumulative and end with what lies above the last bound.</summary>
    public void Buckets(string labels, ReadOnlySpan<double> bounds, Func<int, long> countOf, double sum)
    {
        var open = labels.Length == 0 ? "{" : labels[..^1] + ",";
        long seen = 0;
        for (var at = 0; at <= bounds.Length; at++)
        {
            seen += countOf(at);
            var bound = at == bounds.Length ? "+Inf" : BoundText(bounds[at]);
            _text.Append(_family).Append("_bucket").Append(open).Append("le=\"").Append(bound).Append("\"} ");
            _text.Append(seen.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }
        Sample("_sum", labels, sum);
        Sample("_count", labels, seen);
    }

    /// <summary>The finished text.</summary>
    public byte[] Finish()
    {
        if (openMetrics) _text.Append("# EOF\n");
        return Encoding.UTF8.GetBytes(_text.ToString());
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private string BoundText(double bound)
    {
        var text = Number(bound);
        return openMetrics && bound.Equals(Math.Floor(bound)) && !text.Contains('E', StringComparison.Ordinal) ? text + ".0" : text;
    }
}
