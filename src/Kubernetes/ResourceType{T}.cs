using System.Text.Json.Serialization.Metadata;

namespace Mesh.Kubernetes;

/// <summary>A kind and how its objects are read from JSON; other projects define theirs with their own serializer context.</summary>
public sealed class ResourceType<T> : ResourceType
    where T : class, IKubernetesObject
{
    public ResourceType(
        string group, string version, string plural, string kind, bool namespaced, JsonTypeInfo<T> json, bool readsWhole = false)
        : base(group, version, plural, kind, namespaced)
    {
        Json = json;
        ReadsWhole = readsWhole;
    }

    public JsonTypeInfo<T> Json { get; }

    /// <summary>True when T keeps every field it is sent, so that replacing an object (PUT) loses nothing.</summary>
    public bool ReadsWhole { get; }
}
