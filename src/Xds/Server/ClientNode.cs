using System.Net;
using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Server;

/// <summary>Who a client says it is: <c>type~ip~pod.namespace~domain</c> and its metadata. Parsed once per stream.</summary>
public sealed record ClientNode(string Id, string Kind, IPAddress Ip, string Namespace, string ServiceAccount, string NodeName)
{
    private const int IdLengthMax = 1024;

    private static readonly string[] Kinds = ["sidecar", "router", "waypoint", "ztunnel", "agentgateway"];

    /// <summary>The node, or null and why it is not acceptable.</summary>
    internal static ClientNode? TryParse(Node? node, out string problem)
    {
        problem = "the first request must carry the node";
        if (node is null) return null;
        problem = "the node id must be type~ip~pod.namespace~domain";
        if (node.Id.Length > IdLengthMax) return null;
        var parts = node.Id.Split('~');
        if (parts.Length != 4 || !Kinds.Contains(parts[0], StringComparer.Ordinal)) return null;
        problem = "the node id needs a valid IP address";
        if (!IPAddress.TryParse(parts[1], out var ip)) return null;
        var dot = parts[2].LastIndexOf('.');
        var ns = Text(node.Metadata, "NAMESPACE") ?? (dot < 0 ? "" : parts[2][(dot + 1)..]);
        problem = "";
        return new ClientNode(
            node.Id, parts[0], ip, ns, Text(node.Metadata, "SERVICE_ACCOUNT") ?? "", Text(node.Metadata, "NODE_NAME") ?? "");
    }

    private static string? Text(Struct? metadata, string key) =>
        metadata is not null && metadata.Fields.TryGetValue(key, out var value) && value.KindCase == Value.KindOneofCase.StringValue
            ? value.StringValue
            : null;
}
