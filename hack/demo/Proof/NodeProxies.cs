using System.Globalization;

namespace Mesh.Demo.Proof;

/// <summary>What the ztunnels of the cluster say: their access logs and their metrics.</summary>
public sealed class NodeProxies(Cluster cluster)
{
    public const string Namespace = "mesh-node";

    public async Task<List<(string Pod, string Node)>> ListAsync() =>
        (await cluster.GetAsync("pods", "-n", Namespace, "-l", "app=ztunnel"))["items"]!.AsArray()
            .Where(pod => pod!["metadata"]!["deletionTimestamp"] is null)
            .Select(pod => (pod!["metadata"]!["name"]!.GetValue<string>(), pod["spec"]!["nodeName"]?.GetValue<string>() ?? ""))
            .ToList();

    /// <summary>Access-log lines since a moment, of the ztunnel on one node.</summary>
    public async Task<List<string>> AccessLinesAsync(string node, DateTimeOffset since)
    {
        var pod = (await ListAsync()).Find(proxy => proxy.Node == node).Pod ?? throw new DemoException("reading an access log", $"no ztunnel on {node}");
        var log = await cluster.RunAsync("logs", "-n", Namespace, pod, $"--since-time={since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}");
        return [.. log.Split('\n').Where(line => line.Contains("\taccess\t", StringComparison.Ordinal) || line.Contains("\"access\"", StringComparison.Ordinal))];
    }

    /// <summary>The sum, over all ztunnels, of a counter's series that carry every given label.</summary>
    public async Task<double> CounterAsync(string name, params string[] labels)
    {
        var sum = 0.0;
        foreach (var (pod, _) in await ListAsync())
        {
            var text = await cluster.RunAsync("get", "--raw", $"/api/v1/namespaces/{Namespace}/pods/{pod}:15020/proxy/metrics");
            sum += text.Split('\n')
                .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && Array.TrueForAll(labels, label => line.Contains(label, StringComparison.Ordinal)))
                .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        }

        return sum;
    }
}
