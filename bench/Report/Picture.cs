using System.Globalization;
using System.Text;
using Mesh.Bench.Measures;

namespace Mesh.Bench.Report;

/// <summary>Latency over percentiles as SVG: the tail spread out (each nine as wide as the one before), latency logarithmic.</summary>
internal static class Picture
{
    private const int Width = 760;
    private const int Height = 420;
    private const int Left = 70;
    private const int Right = 110;
    private const int Top = 40;
    private const int Bottom = 50;
    private static readonly string[] Colours = ["#9aa0a6", "#1a73e8", "#f29900", "#188038", "#a142f4", "#d93025"];
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static string Render(string title, IReadOnlyList<(string Variant, Latencies Latencies)> lines)
    {
        var all = lines.SelectMany(line => line.Latencies.Microseconds).Where(us => us > 0).ToArray();
        var low = Math.Pow(10, Math.Floor(Math.Log10(all.Min()) * 3) / 3);
        var high = Math.Pow(10, Math.Ceiling(Math.Log10(all.Max()) * 3) / 3);
        var svg = new StringBuilder();
        svg.AppendLine($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">");
        svg.AppendLine($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/><text x=\"{Left}\" y=\"24\" font-size=\"16\">{title}</text>");
        foreach (var percentile in (double[])[50, 90, 99, 99.9, 99.99]) DrawPercentile(svg, percentile);
        for (var tick = Math.Pow(10, Math.Floor(Math.Log10(low))); tick <= high * 1.001; tick *= 10)
        {
            foreach (var value in (double[])[tick, tick * 2, tick * 5])
            {
                if (value >= low && value <= high) DrawLatency(svg, value, Y(value, low, high));
            }
        }

        for (var i = 0; i < lines.Count; i++) DrawLine(svg, lines[i], Colours[i % Colours.Length], i, low, high);
        return svg.AppendLine("</svg>").ToString();
    }

    private static void DrawLine(StringBuilder svg, (string Variant, Latencies Latencies) line, string colour, int index, double low, double high)
    {
        var points = Latencies.Percentiles.Select((p, i) => $"{N(X(p))},{N(Y(line.Latencies.Microseconds[i], low, high))}");
        svg.AppendLine($"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{string.Join(' ', points)}\"/>");
        var y = Top + 14 + index * 18;
        svg.AppendLine($"<rect x=\"{Width - Right + 14}\" y=\"{y - 9}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
        svg.AppendLine($"<text x=\"{Width - Right + 30}\" y=\"{y}\">{line.Variant}</text>");
    }

    private static void DrawPercentile(StringBuilder svg, double percentile)
    {
        var x = N(X(percentile));
        svg.AppendLine($"<line x1=\"{x}\" x2=\"{x}\" y1=\"{Top}\" y2=\"{Height - Bottom}\" stroke=\"#e8eaed\"/>");
        svg.AppendLine($"<text x=\"{x}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">p{percentile.ToString(Invariant)}</text>");
    }

    private static void DrawLatency(StringBuilder svg, double microseconds, double y)
    {
        svg.AppendLine($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{N(y)}\" y2=\"{N(y)}\" stroke=\"#e8eaed\"/>");
        var label = microseconds >= 1000 ? $"{(microseconds / 1000).ToString(Invariant)} ms" : $"{microseconds.ToString(Invariant)} µs";
        svg.AppendLine($"<text x=\"{Left - 8}\" y=\"{N(y + 4)}\" text-anchor=\"end\">{label}</text>");
    }

    private static double X(double percentile)
    {
        var nines = -Math.Log10(1 - percentile / 100);
        return Left + nines / 4 * (Width - Left - Right);
    }

    private static double Y(double microseconds, double low, double high)
    {
        var share = (Math.Log10(Math.Max(low, microseconds)) - Math.Log10(low)) / (Math.Log10(high) - Math.Log10(low));
        return Height - Bottom - share * (Height - Top - Bottom);
    }

    private static string N(double value) => value.ToString("0.#", Invariant);
}
