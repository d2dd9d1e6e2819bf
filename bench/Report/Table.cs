using System.Globalization;
using System.Text;

namespace Mesh.Bench.Report;

/// <summary>Medians side by side, with our ratio to the plain relays, the goal, and whether it is reached.</summary>
internal static class Table
{
    private const string Yardstick = "relays";
    private const int TitleWidth = 44;
    private const int CellWidth = 10;

    public static string Render(Results results, string[] variants, string subject)
    {
        var shown = variants.Where(results.Values.ContainsKey).ToArray();
        var text = new StringBuilder();
        text.Append("median".PadRight(TitleWidth));
        foreach (var variant in shown) text.Append(variant.PadLeft(CellWidth));
        text.AppendLine($"{subject + "÷relays",16}{"goal",9}");
        text.Append('─', TitleWidth + CellWidth * shown.Length + 28).AppendLine();
        foreach (var metric in Metric.All)
        {
            if (shown.All(variant => double.IsNaN(results.Median(variant, metric.Key)))) continue;
            text.Append(metric.Title.PadRight(TitleWidth));
            foreach (var variant in shown) text.Append(Cell(results.Median(variant, metric.Key), metric.Format).PadLeft(CellWidth));
            var ours = results.Median(subject, metric.Key);
            var ratio = ours / results.Median(Yardstick, metric.Key);
            text.Append(Cell(ratio, "0.00").PadLeft(16)).Append(Goal(metric, ours, ratio).PadLeft(9)).AppendLine();
        }

        return text.Append("Ratios: the goals were set on a path that costs the relays a second address translation; see bench/ARCHITECTURE.md.").AppendLine().ToString();
    }

    private static string Cell(double value, string format) =>
        double.IsNaN(value) || double.IsInfinity(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture);

    private static string Goal(Metric metric, double ours, double ratio)
    {
        var goal = metric.GoalRatio ?? metric.Goal;
        if (goal is null) return "";
        var value = metric.GoalRatio is null ? ours : ratio;
        var sign = metric.MoreIsBetter ? "≥" : "≤";
        var mark = double.IsNaN(value) ? " " : (metric.MoreIsBetter ? value >= goal : value <= goal) ? "✓" : "✗";
        return $"{sign}{goal.Value.ToString("0.##", CultureInfo.InvariantCulture)} {mark}";
    }
}
