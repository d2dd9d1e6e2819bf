using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Mesh.Kubernetes.Json;

/// <summary>Keeps the whole document of a dynamic object.</summary>
public sealed class KubernetesObjectConverter : JsonConverter<KubernetesObject>
{
    public override KubernetesObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonNode.Parse(ref reader) is JsonObject json ? new KubernetesObject(json) : throw new JsonException("An object was expected.");

    public override void Write(Utf8JsonWriter writer, KubernetesObject value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}
