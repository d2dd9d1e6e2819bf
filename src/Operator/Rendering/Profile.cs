using System.Text.Json.Nodes;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rendering;

/// <summary>What a profile decides where the spec is silent.</summary>
internal sealed record Profile(int Replicas, ResourcesSpec ControlPlane, ResourcesSpec Cni, ResourcesSpec Ztunnel, bool SpreadControlPlane)
{
    private static readonly Profile s_default =
        new(2, Requests("200m", "256Mi"), Requests("50m", "64Mi"), Requests("100m", "64Mi"), SpreadControlPlane: true);

    private static readonly Dictionary<string, Profile> s_byName = new Dictionary<string, Profile>(StringComparer.Ordinal)
    {
        ["minimal"] = new(1, Requests("50m", "128Mi"), Requests("10m", "32Mi"), Requests("20m", "32Mi"), SpreadControlPlane: false),
        ["default"] = s_default,
        ["ha"] = s_default with { Replicas = 3, ControlPlane = Requests("500m", "512Mi") },
        ["demo"] = new(1, Requests("10m", "64Mi"), Requests("10m", "16Mi"), Requests("10m", "16Mi"), SpreadControlPlane: false),
    };

    public static Profile Get(string name) => s_byName[name];

    /// <summary>Control-plane replicas prefer nodes of their own.</summary>
    public JsonObject? ControlPlaneAffinity() => SpreadControlPlane
        ? new JsonObject
        {
            ["podAntiAffinity"] = new JsonObject
            {
                ["preferredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(new JsonObject
                {
                    ["weight"] = 100,
                    ["podAffinityTerm"] = new JsonObject
                    {
                        ["topologyKey"] = "kubernetes.io/hostname",
                        ["labelSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "mesh-control-plane" } },
                    },
                }),
            },
        }
        : null;

    private static ResourcesSpec Requests(string cpu, string memory) =>
        new() { Requests = new Dictionary<string, string> { ["cpu"] = cpu, ["memory"] = memory } };
}
