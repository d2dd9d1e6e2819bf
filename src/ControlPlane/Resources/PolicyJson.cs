using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Mesh.ControlPlane.Resources;

/// <summary>
/// Reads what a policy says, or why nobody can tell. Pure. A policy that is left out because it is malformed would open what its author
/// meant to close, so a malformed one is a value too: what it selects is kept, and what is wrong with it.
/// </summary>
internal static class PolicyJson
{
    public static T Read<T>(ref Utf8JsonReader reader, JsonTypeInfo<T> type, Func<T, string?> check, Func<JsonElement, string, T> malformed)
        where T : class
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var json = document.RootElement;
        if (FindNull(json, "spec") is { } place) return malformed(json, $"{place} is null");
        if (FindStranger(json) is { } stranger) return malformed(json, $"spec.selector.{stranger} is not known");
        try
        {
            var spec = json.Deserialize(type);
            if (spec is null) return malformed(json, "spec is null");
            return check(spec) is { } problem ? malformed(json, problem) : spec;
        }
        catch (JsonException problem)
        {
            return malformed(json, problem.Message);
        }
    }

    /// <summary>The selector, if that can be understood; without one a policy holds in its whole namespace.</summary>
    public static WorkloadSelector? SelectorOf(JsonElement spec)
    {
        if (Find(spec, "selector") is not { ValueKind: JsonValueKind.Object } selector
            || FindNull(selector, "") is not null || FindStranger(spec) is not null) return null;
        try
        {
            return selector.Deserialize(MeshJson.Default.WorkloadSelector);
        }
        catch (JsonException)
        {
            return null; // Reported with the rest of the object.
        }
    }

    /// <summary>The text of a property, null when it is absent; a value of another kind as it stands.</summary>
    public static string? TextOf(JsonElement spec, string name) => Find(spec, name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => other.GetRawText(),
    };

    public static bool IsTargeted(JsonElement spec) =>
        Find(spec, "targetRef") is { ValueKind: JsonValueKind.Object }
        || (Find(spec, "targetRefs") is { ValueKind: JsonValueKind.Array } many && many.GetArrayLength() > 0);

    private static JsonElement? Find(JsonElement spec, string name) =>
        spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty(name, out var value) ? value : null;

    /// <summary>A selector whose one field is mistyped would select nothing, and its policy close nothing.</summary>
    private static string? FindStranger(JsonElement spec)
    {
        if (Find(spec, "selector") is not { ValueKind: JsonValueKind.Object } selector) return null;
        foreach (var property in selector.EnumerateObject())
        {
            if (property.Name != "matchLabels") return property.Name;
        }
        return null;
    }

    /// <summary>Where a list or a map holds nothing in place of a value; a field that is null is merely absent.</summary>
    private static string? FindNull(JsonElement json, string at)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in json.EnumerateArray())
            {
                var place = $"{at}[{index++}]";
                if (item.ValueKind == JsonValueKind.Null) return place;
                if (FindNull(item, place) is { } inside) return inside;
            }
        }
        else if (json.ValueKind == JsonValueKind.Object)
        {
            var isMap = at.EndsWith("matchLabels", StringComparison.Ordinal) || at.EndsWith("portLevelMtls", StringComparison.Ordinal);
            foreach (var property in json.EnumerateObject())
            {
                var place = at.Length == 0 ? property.Name : $"{at}.{property.Name}";
                if (isMap && property.Value.ValueKind == JsonValueKind.Null) return place;
                if (FindNull(property.Value, place) is { } inside) return inside;
            }
        }
        return null;
    }
}
