using System.Globalization;
using System.Text;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>Live connections as text: what an operator asks first.</summary>
internal static class ConnectionPage
{
    private const int LinesMax = 10_000;

    public static async Task<string> RenderAsync(ProxyContext context, IReadOnlyCollection<PodProxy> pods)
    {
        var rows = new List<ConnectionRow>();
        var count = 0;
        foreach (var worker in pods.SelectMany(static pod => pod.Lanes).Select(static lane => lane.Worker).Distinct())
        {
            var (found, live) = await CopyAsync(worker, LinesMax - rows.Count);
            rows.AddRange(found);
            count += live;
        }

        var now = context.Time.GetTimestamp();
        var text = new StringBuilder();
        foreach (var row in rows) row.WriteTo(text, context.Time.GetElapsedTime(row.StartedAt, now));
        text.Append(CultureInfo.InvariantCulture, $"{count} connections");
        if (count > rows.Count) text.Append(CultureInfo.InvariantCulture, $", of which {rows.Count} are shown");
        return text.Append('\n').ToString();
    }

    /// <summary>The loop only copies values, and no more than are shown.</summary>
    private static Task<(List<ConnectionRow> Rows, int Live)> CopyAsync(Worker worker, int most) => worker.Loop.InvokeAsync(() =>
    {
        var rows = new List<ConnectionRow>(Math.Min(most, worker.Live.Count));
        worker.Live.Each(
            static (connection, into) =>
            {
                if (into.Rows.Count < into.Most) into.Rows.Add(ConnectionRow.Of(connection));
            },
            (Rows: rows, Most: most));
        return Task.FromResult((rows, worker.Live.Count));
    });
}
