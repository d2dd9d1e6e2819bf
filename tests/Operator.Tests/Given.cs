using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Api;
using Mesh.Operator.Rendering;
using Mesh.Operator.Rules;

namespace Mesh.Operator.Tests;

/// <summary>Values that many tests begin with.</summary>
internal static class Given
{
    public static readonly VersionCatalogue Versions = new([new Version(1, 3, 0), new Version(1, 4, 0), new Version(1, 4, 2), new Version(1, 5, 1)]);

    public static readonly OperatorDefaults Defaults = new()
    {
        Namespace = "mesh-operator",
        ServiceAccount = "mesh-operator",
        Registry = "mesh.local",
        Tag = "",
    };

    /// <summary>A MeshInstall as the API server would send it.</summary>
    public static MeshInstall Mesh(string specJson = """{"version":"1.4.2"}""", string name = "default", string statusJson = "{}") =>
        JsonNode.Parse($$"""{"apiVersion":"install.mesh.dev/v1alpha1","kind":"MeshInstall","spec":{{specJson}},"status":{{statusJson}}}""")!
            .Deserialize(MeshJson.Default.MeshInstall)! with
        {
            Metadata = new ObjectMeta { Name = name, Uid = "11111111-2222-3333-4444-555555555555", Generation = 3 },
        };

    public static ClusterFacts Facts(string kubernetes = "1.31") => new() { Kubernetes = Version.Parse(kubernetes), DisruptionBudgetApi = "policy/v1" };

    public static MeshPlan Plan(string specJson = """{"version":"1.4.2"}""", string kubernetes = "1.31") =>
        new(Mesh(specJson), new Version(1, 4, 2), Facts(kubernetes), Defaults);
}
