using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mesh.Daemon.Metering;

/// <summary>
/// Writes metrics in the Prometheus text format or, when the scraper asks for it, as OpenMetrics: UTF-8 at once, into a buffer that can be
/// emptied on the way. Both name the samples of a counter with `_total`; they differ in the name of its family, in the end mark and in how
/// numbers of buckets look. One use, one thread at a time.
/// </summary>
public sealed class Exposition(bool openMetrics)
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private const int NumberBytesMax = 32;
    private static readonly SearchValues<char> s_escaped = SearchValues.Create("\\\"\n");
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private string _family = "";

    public string ContentType => openMetrics ? OpenMetricsType : TextType;

    /// <summary>What was written since it was last emptied; good until more is written.</summary>
    internal ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    /// <summary>The format an Accept header asks for.</summary>
    public static Exposition For(string? accept) =>
        new(accept?.Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>Begins a family. A counter's name is given without `_total`.</summary>
    public void Begin(string name, string help, string type)
    {
        _family = name;
        var shown = type == "counter" && !openMetrics ? name + "_total" : name;
        var line = help.Replace("\\", "\\\\", StringComparison.Ordinal).ReplaceLineEndings("\\n");
        Text($"# HELP {shown} {line}\n# TYPE {shown} {type}\n");
    }

    /// <summary>One sample of the family that was begun.</summary>
    public void Sample(string suffix, LabelSet labels, double value)
    {
        Text(_family);
        Text(suffix);
        Labels(labels, bound: null);
        _bytes.Write(" "u8);
        Number(value);
        _bytes.Write("\n"u8);
    }

    /// <summary>A histogram's samples: its counts are not cumulative and end with what lies above the last bound.</summary>
    public void Buckets(LabelSet labels, ReadOnlySpan<double> bounds, Func<int, long> countOf, double sum)
    {
        long seen = 0;
        for (var at = 0; at <= bounds.Length; at++)
        {
            seen += countOf(at);
            Text(_family);
            _bytes.Write("_bucket"u8);
            Labels(labels, at == bounds.Length ? "+Inf" : BoundText(bounds[at]));
            Text(string.Create(CultureInfo.InvariantCulture, $" {seen}\n"));
        }
        Sample("_sum", labels, sum);
        Sample("_count", labels, seen);
    }

    /// <summary>The finished text; of what was not emptied before.</summary>
    public byte[] Finish()
    {
        End();
        return _bytes.WrittenSpan.ToArray();
    }

    /// <summary>The end mark, where the format has one.</summary>
    internal void End()
    {
        if (openMetrics) _bytes.Write("# EOF\n"u8);
    }

    /// <summary>Makes room: what was written has been taken.</summary>
    internal void Empty() => _bytes.ResetWrittenCount();

    private static string NumberText(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>`{a="x",b="y"}`, or nothing without labels.</summary>
    private void Labels(LabelSet labels, string? bound)
    {
        if (labels.Names.Length == 0 && bound is null) return;
        for (var at = 0; at < labels.Names.Length; at++)
        {
            _bytes.Write(at == 0 ? "{"u8 : ","u8);
            Text(labels.Names[at]);
            _bytes.Write("=\""u8);
            Escaped(labels.Values[at]);
            _bytes.Write("\""u8);
        }
        if (bound is not null)
        {
            _bytes.Write(labels.Names.Length == 0 ? "{le=\""u8 : ",le=\""u8);
            Text(bound);
            _bytes.Write("\""u8);
        }
        _bytes.Write("}"u8);
    }

    private void Escaped(ReadOnlySpan<char> value)
    {
        for (var at = value.IndexOfAny(s_escaped); at >= 0; at = value.IndexOfAny(s_escaped))
        {
            Text(value[..at]);
            _bytes.Write(value[at] switch { '\\' => "\\\\"u8, '"' => "\\\""u8, _ => "\\n"u8 });
            value = value[(at + 1)..];
        }
        Text(value);
    }

    private void Text(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return;
        _bytes.Advance(Encoding.UTF8.GetBytes(text, _bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
    }

    private void Number(double value)
    {
        if (!double.IsInfinity(value) && value.TryFormat(_bytes.GetSpan(NumberBytesMax), out var written, "R", CultureInfo.InvariantCulture))
            _bytes.Advance(written);
        else Text(NumberText(value));
    }

    private string BoundText(double bound)
    {
        var text = NumberText(bound);
        return openMetrics && bound.Equals(Math.Floor(bound)) && !text.Contains('E', StringComparison.Ordinal) ? text + ".0" : text;
    }
}
