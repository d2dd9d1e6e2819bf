using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mesh.Kubernetes.Json;

namespace Mesh.Kubernetes.Http;

/// <summary>Reads one object, and says which object it was when its JSON does not fit. Pure.</summary>
internal static class ObjectReader
{
    public static T? TryRead<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type, out UnreadableObject? unreadable)
        where T : class, IKubernetesObject
    {
        unreadable = null;
        try
        {
            if (JsonSerializer.Deserialize(utf8, type) is { } value) return value;
            unreadable = new UnreadableObject(default, "", "The object is null.");
        }
        catch (JsonException problem)
        {
            unreadable = Describe(utf8, problem);
        }

        return null;
    }

    private static UnreadableObject Describe(ReadOnlySpan<byte> utf8, JsonException problem)
    {
        try
        {
            if (JsonSerializer.Deserialize(utf8, KubernetesJson.Default.PartialObject) is { } partial)
                return new UnreadableObject(partial.Metadata.Key, partial.Metadata.ResourceVersion, problem.Message);
        }
        catch (JsonException)
        {
            // Not even metadata fits; the first problem is the one to report.
        }

        return new UnreadableObject(new ObjectKey("", ""), "", problem.Message);
    }
}
