using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Mesh.Kubernetes.Json;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes;

/// <summary>An object of any kind with all its fields, as JSON: what the operator renders, applies and compares. Not thread-safe.</summary>
[JsonConverter(typeof(KubernetesObjectConverter))]
public sealed class KubernetesObject(JsonObject json) : IKubernetesObject
{
    private ObjectMeta? _metadata;

    public JsonObject Json { get; } = json;

    public string ApiVersion => Text("apiVersion");

    public string Kind => Text("kind");

    public string Group => ApiVersion.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? ApiVersion[..slash] : "";

    public string Version => ApiVersion[(ApiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Read once; call <see cref="Forget"/> after editing <c>metadata</c> in <see cref="Json"/>.</summary>
    public ObjectMeta Metadata => _metadata ??= Json["metadata"] is JsonObject metadata
        ? metadata.Deserialize(KubernetesJson.Default.ObjectMeta) ?? new ObjectMeta()
        : new ObjectMeta();

    public JsonObject? Spec => Json["spec"] as JsonObject;

    public JsonObject? Status => Json["status"] as JsonObject;

    public void Forget() => _metadata = null;

    public KubernetesObject Clone() => new((JsonObject)Json.DeepClone());

    /// <summary>The descriptor of a kind whose plural and scope are already known, for dynamic access.</summary>
    public static ResourceType<KubernetesObject> TypeOf(string group, string version, string plural, string kind, bool namespaced) =>
        new(group, version, plural, kind, namespaced, KubernetesJson.Default.KubernetesObject, readsWhole: true);

    /// <summary>Parses one JSON document; throws <see cref="JsonException"/> when it is not an object.</summary>
    public static KubernetesObject Parse(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize(utf8, KubernetesJson.Default.KubernetesObject) ?? throw new JsonException("The document is null.");

    public override string ToString() => $"{Kind} {Metadata.Key}";

    private string Text(string property) =>
        Json[property] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
