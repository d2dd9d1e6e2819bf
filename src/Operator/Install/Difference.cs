using System.Text.Json.Nodes;

namespace Mesh.Operator.Install;

/// <summary>Whether what we want is already there. Servers add defaults, so only fields we name count. Pure.</summary>
internal static class Difference
{
    private static readonly string[] s_serverFields = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

    /// <summary>
    /// Everything that <paramref name="wanted"/> names has that value in <paramref name="live"/>; lists must be equally long.
    /// </summary>
    public static bool Contains(JsonNode? live, JsonNode? wanted) => wanted switch
    {
        null => live is null,
        JsonObject map => live is JsonObject other
            ? map.All(field => Contains(other[field.Key], field.Value))
            : live is null && map.Count == 0,
        JsonArray list => live is JsonArray other
            ? other.Count == list.Count && list.Zip(other).All(pair => Contains(pair.Second, pair.First))
            : live is null && list.Count == 0,
        // The server leaves empty text out.
        JsonValue value => live is null ? value.TryGetValue<string>(out var text) && text.Length == 0 : JsonNode.DeepEquals(live, value),
        _ => false,
    };

    /// <summary>Two states of one object are the same but for what every write changes.</summary>
    public static bool SameButForTheServer(JsonObject one, JsonObject other) => JsonNode.DeepEquals(Bare(one), Bare(other));

    private static JsonObject Bare(JsonObject whole)
    {
        var copy = whole.DeepClone().AsObject();
        copy.Remove("status");
        if (copy["metadata"] is JsonObject metadata)
        {
            foreach (var name in s_serverFields) metadata.Remove(name);
        }
        return copy;
    }
}
