using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mesh.Kubernetes;
using Mesh.Operator.Api;

namespace Mesh.Operator.Rendering;

/// <summary>A plan in, ordered objects out, each with its owner, our label and the digest of its content. Pure.</summary>
internal sealed class MeshRenderer(ChartTemplates templates)
{
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";
    public const string ManagedByValue = "mesh-operator";
    public const string DigestAnnotation = "install.mesh.dev/digest";
    private const int DigestCharacters = 16;

    public IReadOnlyList<RenderedObject> Render(MeshPlan plan)
    {
        var values = plan.Values();
        var objects = new List<RenderedObject>();
        var wave = 0;
        foreach (var name in templates.Waves)
        {
            foreach (var json in YamlObjects.Parse(templates.Render(name, values))) objects.Add(new(wave, Stamp(json, plan.Mesh)));
            wave++;
        }
        return objects;
    }

    /// <summary>One digest over all objects, for the status.</summary>
    public static string DigestOf(IEnumerable<RenderedObject> objects) =>
        Digest(string.Join('\n', objects.Select(one => one.Object.Metadata.Annotations.Find(DigestAnnotation))));

    private static KubernetesObject Stamp(JsonObject json, MeshInstall owner)
    {
        var metadata = json["metadata"]!.AsObject();
        Child(metadata, "labels")[ManagedByLabel] = ManagedByValue;
        Child(metadata, "labels")["app.kubernetes.io/part-of"] = "mesh";
        // Namespaces outlive a careless deletion of the MeshInstall: the finalizer removes those we made.
        if (json["kind"]!.GetValue<string>() != "Namespace")
        {
            metadata["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = MeshInstall.Resource.ApiVersion,
                ["kind"] = MeshInstall.Resource.Kind,
                ["name"] = owner.Metadata.Name,
                ["uid"] = owner.Metadata.Uid,
                ["controller"] = true,
                ["blockOwnerDeletion"] = true,
            });
        }
        Child(metadata, "annotations")[DigestAnnotation] = Digest(json.ToJsonString());
        return new KubernetesObject(json);
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject known) return known;
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    private static string Digest(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..DigestCharacters];
}
