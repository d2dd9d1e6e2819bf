using System.Diagnostics;
using System.Text;

namespace Mesh.Bench.Variants;

/// <summary>
/// A ztunnel in each namespace, in dedicated mode: upstream's environment and local configuration, so either binary can be
/// measured. Workloads can be multiplied, and the server's policies.
/// </summary>
internal sealed class Ztunnel(string name, string binary, int extraWorkloads = 0, int policyRules = 0) : Variant(name)
{
    // Many connections share a tunnel.
    public override int FilesPerConnection => 1;

    public override void Start(Site site)
    {
        if (!File.Exists(binary)) throw new BenchException($"{binary}: no such ztunnel; run make publish, or set ZTUNNEL_BIN");
        Pki.Make(site.Work);
        var configuration = Path.Combine(site.Work, $"local-{extraWorkloads}-{policyRules}.yaml");
        File.WriteAllText(configuration, LocalConfiguration(extraWorkloads, policyRules));
        HttpPath.Add(Start(site, Site.ClientNode, "client", configuration));
        HttpPath.Add(Start(site, Site.ServerNode, "server", configuration));
        BulkPath.AddRange(HttpPath);
        foreach (var node in (string[])[Site.ClientNode, Site.ServerNode]) Waiting.Until(() => IsReady(node), $"{Name} is ready in {node}");
        Site.Redirect((Site.HttpPort, 15001), (Site.BulkPort, 15001));
    }

    public static bool IsReady(string node) =>
        Shell.Run(Site.In(node, "curl -s -m 1 -o /dev/null -w %{http_code} http://127.0.0.1:15021/healthz/ready"), mustSucceed: false) == "200";

    private Process Start(Site site, string node, string workload, string configuration) => Shell.Start(
        node, binary, [], Path.Combine(site.Work, $"{Name}-{workload}.log"), Environment(site.Work, workload, workload, configuration));

    public static (string Name, string Value)[] Environment(string work, string workload, string serviceAccount, string configuration) =>
    [
        ("PROXY_MODE", "dedicated"), ("PROXY_WORKLOAD_INFO", $"default/{workload}/{serviceAccount}"), .. CommonEnvironment(work, workload, configuration),
    ];

    /// <summary>What both modes need.</summary>
    public static (string Name, string Value)[] CommonEnvironment(string work, string node, string configuration) =>
    [
        ("FAKE_CA", "true"), ("FAKE_CA_ROOT", $"{work}/ca.pem"), ("FAKE_CA_KEY", $"{work}/ca.key"),
        ("XDS_ADDRESS", ""), ("LOCAL_XDS_PATH", configuration), ("PACKET_MARK", "1337"), ("NODE_NAME", node), ("ENABLE_ORIG_SRC", "false"),
        ("IPV6_ENABLED", "false"), ("POD_NAME", node), ("POD_NAMESPACE", "default"), ("RUST_LOG", "warn,access=info"),
    ];

    public static string LocalConfiguration(int extraWorkloads, int policyRules)
    {
        var text = new StringBuilder("workloads:\n");
        AddWorkload(text, "client", "client", Site.ClientIp, "client");
        AddWorkload(text, "server", "server", Site.ServerIp, "server");
        for (var i = 0; i < extraWorkloads; i++) AddWorkload(text, $"many-{i}", "server", $"{Site.ManyServersPrefix}{i >> 8}.{i & 255}", "server");
        AddPolicies(text, policyRules);
        return text.Append("services: []\n").ToString();
    }

    public static void AddWorkload(StringBuilder text, string name, string serviceAccount, string ip, string node) => text.Append($"""
        - uid: cluster1//v1/Pod/default/{name}
          name: {name}
          namespace: default
          serviceAccount: {serviceAccount}
          workloadIps: ["{ip}"]
          protocol: HBONE
          node: {node}
          network: ""
          services: {"{}"}

        """);

    // Denials that never match, ten rules each, all of which must be looked at before a connection is let in.
    private static void AddPolicies(StringBuilder text, int rules)
    {
        text.Append(rules == 0 ? "policies: []\n" : "policies:\n");
        for (var policy = 0; policy * 10 < rules; policy++)
        {
            text.Append($"- name: deny-{policy}\n  namespace: default\n  scope: Namespace\n  action: Deny\n  dryRun: false\n  rules:\n");
            for (var rule = 0; rule < 10; rule++)
            {
                text.Append($"  - - - principals:\n        - !Exact cluster.local/ns/other/sa/nobody-{policy}-{rule}\n");
            }
        }
    }
}
