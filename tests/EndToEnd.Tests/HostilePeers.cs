using System.Text.Json.Nodes;
using Mesh.Demo.Proof;

namespace Mesh.EndToEnd.Tests;

/// <summary>Garbage on every listening port of every program, from inside the cluster: closed, and the process unharmed.</summary>
[Trait("Category", "EndToEnd")]
public sealed class HostilePeers(MeshedCluster mesh)
{
    [Theory]
    [InlineData("mesh-system", "app=mesh-control-plane", "15012 15014 8080", "15014", "mesh_connections_refused_total")]
    [InlineData("mesh-operator", "app=mesh-operator", "8080 8081", "8080", "mesh_connections_refused_total")]
    [InlineData("mesh-node", "app=ztunnel", "15008 15020 15021", "15020", "mesh_admin_rejected_total")]
    [InlineData("mesh-node", "app=mesh-cni", "15014 8000", "15014", "mesh_admin_rejected_total")]
    public async Task Garbage_on_a_port_is_closed_counted_logged_once_and_the_process_goes_on(
        string ns, string selector, string ports, string metricsPort, string counter)
    {
        await mesh.SettledAsync();
        var pods = await PodsAsync(ns, selector);
        Assert.NotEmpty(pods);
        foreach (var (name, address, _) in pods)
        {
            var before = await CountAsync(ns, name, metricsPort, counter);
            var since = await mesh.Cluster.RunAsync("logs", "-n", ns, name);
            foreach (var port in ports.Split(' '))
            {
                await ThrowGarbageAsync(address, port);
                await ThrowGarbageAsync(address, port);
            }

            Assert.True((await PodsAsync(ns, selector)).Exists(pod => pod.Name == name), $"{name} is gone");
            Assert.True(await CountAsync(ns, name, metricsPort, counter) > before, $"{name} counted nothing");
            AssertLoggedOnce((await mesh.Cluster.RunAsync("logs", "-n", ns, name))[since.Length..]);
        }

        Assert.Equal(pods, await PodsAsync(ns, selector));
        Assert.True((await mesh.Walk.Workloads.AskAsync("unharmed")).Succeeded);
    }

    [Fact]
    public async Task Garbage_on_a_pods_captured_ports_leaves_the_pod_reachable()
    {
        await mesh.EnrolledAsync();
        var address = (await mesh.Walk.Workloads.PodAsync("server"))["status"]!["podIP"]!.GetValue<string>();
        foreach (var port in new[] { "15001", "15006", "15008" }) await ThrowGarbageAsync(address, port);
        Assert.True((await mesh.Walk.Workloads.AskAsync("unharmed")).Succeeded);
    }

    /// <summary>Each reason has one line, however often it happened.</summary>
    private static void AssertLoggedOnce(string log)
    {
        var reasons = log.Split('\n').Where(line => line.Contains("Refused (", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf("Refused (", StringComparison.Ordinal)..line.IndexOf(')', StringComparison.Ordinal)]).ToList();
        Assert.NotEmpty(reasons);
        Assert.Equal(reasons.Distinct(), reasons);
    }

    private async Task<double> CountAsync(string ns, string pod, string port, string counter) =>
        (await mesh.Cluster.RunAsync("get", "--raw", $"/api/v1/namespaces/{ns}/pods/{pod}:{port}/proxy/metrics")).Split('\n')
            .Where(line => line.StartsWith(counter + "{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));

    private async Task ThrowGarbageAsync(string address, string port)
    {
        // Random bytes, an HTTP/2 preface followed by noise, and a TLS record header that promises more than it brings.
        var script = $"head -c 20000 /dev/urandom | nc -w 2 {address} {port} >/dev/null 2>&1; "
            + $"(printf 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'; head -c 2000 /dev/urandom) | nc -w 2 {address} {port} >/dev/null 2>&1; "
            + $"printf '\\026\\003\\001\\377\\377\\001' | nc -w 2 {address} {port} >/dev/null 2>&1; true";
        var thrown = await mesh.Cluster.ExecAsync(Workloads.CaptureNamespace, "capture", "sh", "-c", script);
        Assert.True(thrown.Succeeded, thrown.Error);
    }

    private async Task<List<(string Name, string Address, int Restarts)>> PodsAsync(string ns, string selector) =>
        (await mesh.Cluster.GetAsync("pods", "-n", ns, "-l", selector))["items"]!.AsArray()
            .Where(pod => pod!["metadata"]!["deletionTimestamp"] is null)
            .Select(pod => (Text(pod!["metadata"]!["name"]), Text(pod["status"]!["podIP"]),
                pod["status"]!["containerStatuses"]?.AsArray().Sum(status => status!["restartCount"]!.GetValue<int>()) ?? 0))
            .ToList();

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";
}
