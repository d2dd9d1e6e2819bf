using System.Text;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Yaml;

namespace Mesh.Fuzz.Targets;

/// <summary>The local YAML configuration: a mistake is told with its line and in no other way.</summary>
internal sealed class LocalConfigTarget() : Target("local-yaml")
{
    public override double Share => 0.5;

    public override long AllocatedBytesMax => 4 * 1024 * 1024;

    public override byte[] Make(Random random)
    {
        var text = new StringBuilder(random.Next(2) == 0 ? "# a comment\n" : "");
        text.Append("workloads:\n");
        for (var i = 0; i <= random.Next(3); i++)
        {
            text.Append($"- uid: cluster1//v1/Pod/default/w{i}\n  name: \"w{i}\"\n  namespace: default\n  serviceAccount: 'sa'\n")
                .Append($"  workloadIps: [\"10.0.0.{i}\", fd00::{i}]\n  protocol: HBONE\n  node: local # here\n  network: \"\"\n  services: {{}}\n  capacity: 1\n");
        }

        if (random.Next(2) == 0)
        {
            text.Append("policies:\n- action: Deny\n  rules:\n  - - - notDestinationPorts:\n        - 9999\n      principals:\n        - !Exact cluster.local/ns/a/sa/b\n")
                .Append("        - {Prefix: \"x\\u00e9\"}\n  name: deny\n  namespace: default\n  scope: Namespace\n  dryRun: false\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public override bool Try(byte[] input, Random random)
    {
        try
        {
            LocalConfig.Load(new MemoryStream(input), new MeshSnapshotBuilder());
            return true;
        }
        catch (YamlException problem)
        {
            var lines = input.Count(octet => octet == (byte)'\n') + 2;
            Require(problem.Line >= 0 && problem.Line <= lines, "a problem names a line of the file");
            return false;
        }
    }
}
