using System.Text;

namespace Mesh.Kubernetes;

/// <summary>Builds request paths. Pure.</summary>
public static class ApiPath
{
    /// <summary>The path of all objects of a kind, in one namespace or (null or empty) in all.</summary>
    public static string Collection(ResourceType type, string? inNamespace = null)
    {
        var path = Root(type.Group, type.Version);
        if (!string.IsNullOrEmpty(inNamespace))
        {
            if (!type.Namespaced)
                throw new ArgumentException($"{type} is cluster-scoped; it has no namespace '{inNamespace}'.", nameof(inNamespace));
            path.Append("/namespaces/").Append(Segment(inNamespace, "namespace"));
        }

        return path.Append('/').Append(type.Plural).ToString();
    }

    /// <summary>The path of one object, or of a subresource of it such as <c>status</c>.</summary>
    public static string Object(ResourceType type, ObjectKey key, string? subresource = null)
    {
        if (type.Namespaced && string.IsNullOrEmpty(key.Namespace))
            throw new ArgumentException($"{type} is namespaced; '{key}' needs a namespace.", nameof(key));
        var path = Collection(type, key.Namespace) + "/" + Segment(key.Name, "name");
        return subresource is null ? path : path + "/" + subresource;
    }

    private static StringBuilder Root(string group, string version) => group.Length == 0
        ? new StringBuilder("/api/").Append(version)
        : new StringBuilder("/apis/").Append(group).Append('/').Append(version);

    // A dot segment or a slash would address another object than the one that was meant.
    private static string Segment(string text, string what)
    {
        if (string.IsNullOrEmpty(text) || text is "." or ".." || text.AsSpan().IndexOfAny('/', '%') >= 0)
            throw new ArgumentException($"'{text}' is not the {what} of an object.", nameof(text));
        return Uri.EscapeDataString(text);
    }
}
