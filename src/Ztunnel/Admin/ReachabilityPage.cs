using System.Globalization;
using System.Text;
using System.Text.Json;
using Mesh.Daemon.Admin;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Reach;

namespace Mesh.Ztunnel.Admin;

/// <summary>How every peer that was dialled answers on port 15008, and what to look at where it does not; what fails comes first.</summary>
internal static class ReachabilityPage
{
    public static async ValueTask<AdminResponse> RenderAsync(AdminRequest request, IReadOnlyCollection<PodProxy> pods)
    {
        var peers = await CollectAsync(pods);
        return request.Query.TryGetValue("format", out var format) && format == "text"
            ? AdminResponse.Text(RenderText(peers))
            : AdminResponse.Json(RenderJson(peers));
    }

    /// <summary>Workers' experiences joined, those that fail first, then by name.</summary>
    internal static List<PeerReach> Join(IEnumerable<PeerReach> reports)
    {
        var joined = new Dictionary<(string, Model.IpPort), PeerReach>();
        foreach (var report in reports)
        {
            var key = (report.From, report.Address);
            joined[key] = joined.TryGetValue(key, out var other) ? other.Join(report) : report;
        }

        return [.. joined.Values
            .OrderByDescending(static peer => peer.IsBlocked)
            .ThenByDescending(static peer => peer.FailuresInRow > 0)
            .ThenBy(static peer => peer.Node, StringComparer.Ordinal)
            .ThenBy(static peer => peer.Peer, StringComparer.Ordinal)
            .ThenBy(static peer => peer.From, StringComparer.Ordinal)];
    }

    internal static string RenderText(IReadOnlyList<PeerReach> peers)
    {
        var text = new StringBuilder();
        foreach (var peer in peers)
        {
            var state = peer.IsBlocked ? "BLOCKED" : peer.FailuresInRow > 0 ? "FAILING" : "ok";
            text.Append(CultureInfo.InvariantCulture, $"{state,-8} {peer.From} -> {peer.Peer} at {peer.Address}");
            if (peer.Node.Length > 0) text.Append(CultureInfo.InvariantCulture, $" on {peer.Node}");
            text.Append(CultureInfo.InvariantCulture, $"  reached {peer.Reached}, last {TimeOf(peer.LastReached)}");
            text.Append(CultureInfo.InvariantCulture, $"; failed {peer.Failed}, last {TimeOf(peer.LastFailed)}");
            if (peer.Failed > 0) text.Append(CultureInfo.InvariantCulture, $" ({ReachMetrics.WordOf(peer.LastFailure)}: {peer.LastFailureText})");
            text.Append('\n');
            if (peer.Suspicion is { } suspicion) text.Append(CultureInfo.InvariantCulture, $"         {peer.FailuresInRow} in a row: {suspicion}\n");
        }

        var failing = peers.Count(static peer => peer.FailuresInRow > 0);
        var blocked = peers.Count(static peer => peer.IsBlocked);
        text.Append(CultureInfo.InvariantCulture, $"{peers.Count} peers, {failing} not reached, of which {blocked} look blocked\n");
        return text.ToString();
    }

    internal static byte[] RenderJson(IReadOnlyList<PeerReach> peers)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("peers");
            foreach (var peer in peers) Write(json, peer);
            json.WriteEndArray();
            json.WriteNumber("blocked", peers.Count(static peer => peer.IsBlocked));
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, in PeerReach peer)
    {
        json.WriteStartObject();
        json.WriteString("from", peer.From);
        json.WriteString("peer", peer.Peer);
        json.WriteString("node", peer.Node);
        json.WriteString("address", peer.Address.ToString());
        json.WriteNumber("reached", peer.Reached);
        json.WriteNumber("failed", peer.Failed);
        json.WriteNumber("failuresInRow", peer.FailuresInRow);
        if (peer.LastReached is { } reached) json.WriteString("lastReached", reached);
        if (peer.LastFailed is { } failed)
        {
            json.WriteString("lastFailed", failed);
            json.WriteString("lastFailure", ReachMetrics.WordOf(peer.LastFailure));
            json.WriteString("lastFailureDetail", peer.LastFailureText);
        }

        json.WriteBoolean("blocked", peer.IsBlocked);
        if (peer.Suspicion is { } suspicion) json.WriteString("suspicion", suspicion);
        json.WriteEndObject();
    }

    private static async Task<List<PeerReach>> CollectAsync(IReadOnlyCollection<PodProxy> pods)
    {
        var reports = new List<PeerReach>();
        foreach (var worker in pods.SelectMany(static pod => pod.Lanes).Select(static lane => lane.Worker).Distinct())
        {
            reports.AddRange(await worker.Loop.InvokeAsync(() => Task.FromResult(worker.Peers.Report())));
        }

        return Join(reports);
    }

    private static string TimeOf(DateTimeOffset? time) =>
        time is { } known ? known.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "never";
}
