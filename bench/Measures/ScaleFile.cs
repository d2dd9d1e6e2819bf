using System.Text;

namespace Mesh.Bench.Measures;

/// <summary>A local configuration that looks like a big cluster: ten pods per application, two hundred namespaces, a thousand nodes.</summary>
internal static class ScaleFile
{
    public const string OwnName = "app-0-6f7d8c9b5d-00000";
    public const string OwnAccount = "app-0";

    public static string Text(int workloads)
    {
        var text = new StringBuilder("policies: []\nservices: []\nworkloads:\n");
        for (var i = 0; i < workloads; i++)
        {
            var app = i / 10;
            // The first is the proxy's own, which the environment places in the namespace "default".
            var space = i == 0 ? "default" : $"ns{i % 200}";
            text.Append($"""
                - uid: cluster1//v1/Pod/{space}/app-{app}-6f7d8c9b5d-{i:D5}
                  name: app-{app}-6f7d8c9b5d-{i:D5}
                  namespace: {space}
                  serviceAccount: app-{app}
                  workloadIps: ["10.{100 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}"]
                  protocol: HBONE
                  node: node-{i % 1000}
                  network: ""
                  trustDomain: cluster.local
                  workloadName: app-{app}
                  canonicalName: app-{app}
                  canonicalRevision: v1
                  clusterId: Kubernetes
                  services: {"{}"}

                """);
        }

        return text.ToString();
    }
}
