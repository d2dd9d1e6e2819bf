using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mesh.Kubernetes.Http;

/// <summary>Objects as request bodies: with apiVersion and kind, without what only the server may say. Pure.</summary>
internal static class ObjectWriter
{
    private static readonly string[] ServerOwned = ["managedFields", "selfLink", "creationTimestamp", "deletionTimestamp", "generation"];

    public static byte[] ForWrite<T>(ResourceType<T> type, T value)
        where T : class, IKubernetesObject => Bytes(Whole(type, value));

    /// <summary>An apply must not claim the server's own fields, and an empty list would claim it.</summary>
    public static byte[] ForApply<T>(ResourceType<T> type, T value)
        where T : class, IKubernetesObject
    {
        var body = Whole(type, value);
        if (body["metadata"] is JsonObject metadata)
        {
            foreach (var field in ServerOwned) metadata.Remove(field);
        }

        return Bytes(body);
    }

    public static byte[] Bytes(JsonNode node)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes)) node.WriteTo(writer);
        return bytes.WrittenSpan.ToArray();
    }

    private static JsonObject Whole<T>(ResourceType<T> type, T value)
        where T : class, IKubernetesObject
    {
        if (value is KubernetesObject whole)
        {
            var copy = (JsonObject)whole.Json.DeepClone();
            (copy["metadata"] as JsonObject)?.Remove("managedFields");
            return copy;
        }

        var body = JsonSerializer.SerializeToNode(value, type.Json) as JsonObject
            ?? throw new ArgumentException($"{type} does not serialize to an object.", nameof(value));
        body.Remove("apiVersion");
        body.Remove("kind");
        body.Insert(0, "apiVersion", type.ApiVersion);
        body.Insert(1, "kind", type.Kind);
        if (body["metadata"] is JsonObject metadata) RemoveEmpty(metadata);
        return body;
    }

    // Typed records show absent lists and texts as empty ones.
    private static void RemoveEmpty(JsonObject metadata)
    {
        foreach (var (name, node) in metadata.ToArray())
        {
            var isEmpty = node switch
            {
                JsonArray array => array.Count == 0,
                JsonObject map => map.Count == 0,
                JsonValue text when text.TryGetValue<string>(out var characters) => characters.Length == 0,
                JsonValue number when number.TryGetValue<long>(out var value) => value == 0,
                _ => node is null,
            };
            if (isEmpty) metadata.Remove(name);
        }
    }
}
