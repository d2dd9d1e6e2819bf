using System.Text.RegularExpressions;
using Capture = Mesh.Demo.Packets.Capture;

namespace Mesh.Demo.Proof;

/// <summary>The story of a namespace: plaintext, enrolled, plaintext again. Each step returns its evidence or throws what it saw instead.</summary>
public sealed partial class Walk(Cluster cluster)
{
    private const string EnrolLabel = "istio.io/dataplane-mode";
    private const string StatusAnnotation = "ambient.istio.io/redirection";

    private readonly Sniffer _sniffer = new(cluster);
    private readonly NodeProxies _proxies = new(cluster);
    private readonly Dictionary<string, PodState> _before = new(StringComparer.Ordinal);

    public Workloads Workloads { get; } = new(cluster);

    /// <summary>The steps in order, each with the sentence it proves.</summary>
    public IReadOnlyList<(string Sentence, Func<Task<string>> Prove)> Steps =>
    [
        ("two workloads with identities of their own run on two nodes", Workloads.StartAsync),
        ("before enrolment their traffic is plaintext on the wire", PlaintextAsync),
        ("the namespace gets its label and both pods are enrolled", EnrolAsync),
        ("pods kept their UID, restart count and process", SamePodsAsync),
        ("traffic flows, encrypted: the marker is gone and port 15008 speaks TLS 1.3", EncryptedAsync),
        ("both ztunnels logged who spoke to whom", IdentitiesLoggedAsync),
        ("the connection counter rose", CounterRoseAsync),
        ("the label is removed and traffic is plaintext again", ReleaseAsync),
    ];

    public async Task<string> PlaintextAsync()
    {
        var (marker, capture) = await AskWatchedAsync();
        if (!capture.Shows(marker)) throw new DemoException("plaintext on the wire", $"the marker {marker} is not in {capture.Segments} captured segments");
        return $"\"{marker}\" read in {capture.Segments} captured segments";
    }

    public async Task<string> EnrolAsync()
    {
        foreach (var pod in new[] { "client", "server" }) _before[pod] = await PodState.ReadAsync(cluster, pod);
        var begin = DateTime.UtcNow;
        await cluster.RunAsync("label", "namespace", Workloads.Namespace, $"{EnrolLabel}=ambient", "--overwrite");
        await WaitAnnotationAsync("enabled");
        return $"{EnrolLabel}=ambient; both pods {StatusAnnotation}=enabled after {(DateTime.UtcNow - begin).TotalSeconds:0.0} s";
    }

    public async Task<string> SamePodsAsync()
    {
        foreach (var (pod, before) in _before)
        {
            var now = await PodState.ReadAsync(cluster, pod);
            if (now != before) throw new DemoException($"{pod} is the pod it was", $"before {before}, now {now}");
        }

        var server = _before["server"];
        return $"server: uid {server.Uid[..8]}…, {server.Restarts} restarts, process 1 started at tick {server.ProcessStart}; client likewise";
    }

    /// <summary>Also asks for the hello of a new tunnel, so it belongs right after enrolment.</summary>
    public async Task<string> EncryptedAsync()
    {
        var (marker, capture, tls13) = await UntilEncryptedAsync();
        if (!tls13) throw new DemoException("port 15008 speaks TLS 1.3", "no server hello with version 0x0304 was captured");
        return $"\"{marker}\" is nowhere in {capture.Segments} segments; {capture.HboneSegments} of them on port 15008; server hello chose 0x0304";
    }

    /// <summary>A peer learns of the enrolment through the control plane, so the first moments may still be plaintext: asks until it is not.</summary>
    public async Task<(string Marker, Capture Capture, bool Tls13)> UntilEncryptedAsync()
    {
        (string Marker, Capture Capture)? last = null;
        var tls13 = false;
        await Cluster.UntilAsync(
            "traffic is encrypted",
            async () =>
            {
                last = await AskWatchedAsync();
                tls13 |= last.Value.Capture.HboneChoseTls13; // The first encrypted request opens the tunnel; later ones reuse it.
                return !last.Value.Capture.Shows(last.Value.Marker) && last.Value.Capture.HboneSegments > 0 ? "yes" : null;
            },
            () => Task.FromResult($"the marker is {(last!.Value.Capture.Shows(last.Value.Marker) ? "still" : "not")} readable "
                + $"and {last.Value.Capture.HboneSegments} segments used port 15008"));
        return (last!.Value.Marker, last.Value.Capture, tls13);
    }

    public async Task<string> IdentitiesLoggedAsync()
    {
        var since = DateTimeOffset.UtcNow.AddSeconds(-2);
        var asked = await Workloads.AskAsync("identities");
        if (!asked.Succeeded) throw new DemoException("the client reaches the server", asked.Error.Trim());
        var lines = new List<string>();
        foreach (var pod in new[] { "client", "server" })
        {
            var node = (await Workloads.PodAsync(pod))["spec"]!["nodeName"]!.GetValue<string>();
            var direction = pod == "client" ? "outbound" : "inbound";
            lines.Add(await Cluster.UntilAsync(
                $"an {direction} access line with both identities on {node}",
                async () => (await _proxies.AccessLinesAsync(node, since)).Find(line => line.Contains(direction, StringComparison.Ordinal)
                    && line.Contains($"/ns/{Workloads.Namespace}/sa/client", StringComparison.Ordinal)
                    && line.Contains($"/ns/{Workloads.Namespace}/sa/server", StringComparison.Ordinal)),
                async () => string.Join('\n', (await _proxies.AccessLinesAsync(node, since)).TakeLast(3))));
        }

        return string.Join("\n      ", lines.Select(Shorten));
    }

    public async Task<string> CounterRoseAsync()
    {
        const string counter = "istio_tcp_connections_opened_total";
        string[] labels = ["reporter=\"destination\"", "connection_security_policy=\"mutual_tls\"", $"destination_workload_namespace=\"{Workloads.Namespace}\""];
        var before = await _proxies.CounterAsync(counter, labels);
        for (var i = 0; i < 3; i++) await Workloads.AskAsync($"count-{i}");
        var after = before;
        await Cluster.UntilAsync(
            "the counter rises by three",
            async () => (after = await _proxies.CounterAsync(counter, labels)) >= before + 3 ? "yes" : null,
            () => Task.FromResult($"it was {before} and is {after}"));
        return $"{counter}{{…mutual_tls…}} {before} → {after} after three requests";
    }

    public async Task<string> ReleaseAsync()
    {
        await cluster.RunAsync("label", "namespace", Workloads.Namespace, $"{EnrolLabel}-");
        await WaitAnnotationAsync(null);
        string? evidence = null;
        await Cluster.UntilAsync("traffic is plaintext again", async () =>
        {
            try { return evidence = await PlaintextAsync(); }
            catch (DemoException) { return null; } // The peer may still hold the enrolled view: ask again until the deadline.
        });
        await SamePodsAsync();
        return evidence + "; pods unchanged";
    }

    /// <summary>One request with a fresh marker, and what crossed the server's node meanwhile.</summary>
    public async Task<(string Marker, Capture Capture)> AskWatchedAsync()
    {
        var marker = $"marker-{Guid.NewGuid():N}"[..20];
        var address = (await Workloads.PodAsync("server"))["status"]!["podIP"]!.GetValue<string>();
        Command.Outcome? answer = null;
        var capture = await _sniffer.DuringAsync(address, async () => answer = await Workloads.AskAsync(marker));
        if (!answer!.Succeeded) throw new DemoException("the client reaches the server", answer.Error.Trim());
        return (marker, capture);
    }

    private async Task WaitAnnotationAsync(string? wanted)
    {
        foreach (var pod in new[] { "client", "server" })
        {
            await Cluster.UntilAsync(
                $"pod {pod} has {StatusAnnotation} {wanted ?? "removed"}",
                async () => (await Workloads.PodAsync(pod))["metadata"]!["annotations"]?[StatusAnnotation]?.GetValue<string>() == wanted ? "yes" : null,
                async () => $"its annotations are {(await Workloads.PodAsync(pod))["metadata"]!["annotations"]?.ToJsonString() ?? "none"}");
        }
    }

    /// <summary>The fields of an access line that the proof is about.</summary>
    private static string Shorten(string line) => string.Join(' ', IdentityFields().Matches(line).Select(match => match.Value));

    [GeneratedRegex("(direction|src\\.identity|dst\\.identity)\"?[=:]\"[^\"]*\"")]
    private static partial Regex IdentityFields();
}
