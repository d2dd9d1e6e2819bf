using System.Text;
using Mesh.Bench.Pods;

namespace Mesh.Bench.Variants;

/// <summary>A ztunnel on each of two nodes, in shared mode: each learns its pods from its node's agent, and the mesh from a local file.</summary>
internal sealed class SharedZtunnels(string name, string binary, PodSite pods) : Variant(name)
{
    public override void Start(Site site)
    {
        if (!File.Exists(binary)) throw new BenchException($"{binary}: no such ztunnel; run make publish, or set ZTUNNEL_BIN");
        Pki.Make(site.Work);
        var configuration = Path.Combine(site.Work, "local-pods.yaml");
        File.WriteAllText(configuration, LocalConfiguration());
        foreach (var node in pods.Nodes)
        {
            var log = Path.Combine(site.Work, $"{Name}-shared-{node.Name}.log");
            HttpPath.Add(Shell.Start(node.Netns, binary, [], log, Environment(site.Work, node, configuration)));
        }

        for (var i = 0; i < HttpPath.Count; i++)
        {
            var (node, process) = (pods.Nodes[i], HttpPath[i]);
            Waiting.Until(() => IsReady(node, process), $"{Name} serves the pods of node {node.Name}");
        }
    }

    private static bool IsReady(NodeAgent node, System.Diagnostics.Process process)
    {
        node.ThrowIfRefused();
        if (process.HasExited) throw new BenchException($"ztunnel of node {node.Name} ended with {process.ExitCode}; its log is in the work folder");
        return Ztunnel.IsReady(node.Netns);
    }

    // Released as soon as nobody uses them: tunnels of one burst must not serve the next.
    private static (string Name, string Value)[] Environment(string work, NodeAgent node, string configuration) =>
    [
        ("PROXY_MODE", "shared"), ("INPOD_UDS", node.Socket), ("POOL_UNUSED_RELEASE_TIMEOUT", "0s"),
        .. Ztunnel.CommonEnvironment(work, node.Name, configuration),
    ];

    private string LocalConfiguration()
    {
        var text = new StringBuilder("policies: []\nservices: []\nworkloads:\n");
        foreach (var node in pods.Nodes)
        {
            foreach (var pod in node.Pods) Ztunnel.AddWorkload(text, pod.Name, pod.Name, pod.Ip, node.Name);
        }

        return text.ToString();
    }
}
