using System.Globalization;
using System.Text;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>Live connections as text: what an operator asks first.</summary>
internal static class ConnectionPage
{
    private const int LinesMax = 10_000;

    public static async Task<string> RenderAsync(ProxyContext context, IReadOnlyCollection<PodProxy> pods)
    {
        var text = new StringBuilder();
        var lines = 0;
        foreach (var worker in pods.SelectMany(static pod => pod.Lanes).Select(static lane => lane.Worker).Distinct())
        {
            var part = await worker.Loop.InvokeAsync(() =>
            {
                var found = new List<string>();
                worker.Live.Each(static (connection, into) => into.Add(Line(connection)), found);
                return Task.FromResult(found);
            });
            foreach (var line in part)
            {
                if (lines++ < LinesMax) text.AppendLine(line);
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"{lines} connections\n");
        return text.ToString();
    }

    private static string Line(LiveConnection connection)
    {
        var age = connection.Worker.Context.Time.GetElapsedTime(connection.StartedAt);
        var kind = connection.IsMutualTls ? "mTLS" : "plaintext";
        var arrow = connection.Direction == Direction.Outbound ? "->" : "<-";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{connection.Lane.Pod.Info.Namespace}/{connection.Lane.Pod.Info.Name} {arrow} {connection.Source} {connection.Asked} via {connection.Destination} "
            + $"{kind} request={connection.RequestBytes} response={connection.ResponseBytes} "
            + $"age={(long)age.TotalSeconds}s peer={connection.DestinationWorkload?.Name}");
    }
}
