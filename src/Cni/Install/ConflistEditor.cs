using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mesh.Cni.Install;

/// <summary>Another plugin's network configuration in, the same with our plugin at its end out; and back. Pure.</summary>
internal static class ConflistEditor
{
    private const string WrappedName = "k8s-pod-network";
    private const string WrappedVersion = "0.3.1";

    private static readonly JsonWriterOptions Style = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the bytes are a configuration that runs at least one plugin, and whether it is a list.</summary>
    public static bool IsValid(ReadOnlySpan<byte> content, out bool isList)
    {
        isList = false;
        if (Parse(content) is not { } root) return false;
        if (root["plugins"] is JsonArray plugins)
        {
            isList = true;
            return plugins.Count > 0 && root["name"] is JsonValue && plugins.All(static p => TypeOf(p) is not null);
        }

        return TypeOf(root) is not null;
    }

    /// <summary>Adds our object at the end, wrapping a single plugin into a list; the very same bytes when it is there already.</summary>
    public static byte[]? Insert(ReadOnlySpan<byte> content, JsonObject ours)
    {
        if (Parse(content) is not { } root) return null;
        if (root["plugins"] is not JsonArray plugins)
        {
            if (TypeOf(root) is null) return null;
            root.Remove("cniVersion", out var version);
            var name = root["name"]?.DeepClone() ?? WrappedName;
            plugins = new JsonArray((JsonNode)root);
            root = new JsonObject { ["name"] = name, ["cniVersion"] = version ?? WrappedVersion, ["plugins"] = plugins };
        }
        else if (CountOurs(plugins, ours) == 1 && plugins.Any(p => JsonNode.DeepEquals(p, ours)))
        {
            return content.ToArray();
        }

        RemoveOurs(plugins, TypeOf(ours)!);
        plugins.Add(ours.DeepClone());
        return Write(root);
    }

    /// <summary>Takes our object out; null when nothing else is left or the bytes are no configuration.</summary>
    public static byte[]? Remove(ReadOnlySpan<byte> content, string type)
    {
        if (Parse(content) is not { } root || root["plugins"] is not JsonArray plugins) return null;
        if (!RemoveOurs(plugins, type)) return content.ToArray();
        return plugins.Count == 0 ? null : Write(root);
    }

    private static int CountOurs(JsonArray plugins, JsonObject ours)
    {
        var count = 0;
        foreach (var plugin in plugins)
        {
            if (TypeOf(plugin) == TypeOf(ours)) count++;
        }

        return count;
    }

    private static bool RemoveOurs(JsonArray plugins, string type)
    {
        var removed = false;
        for (var i = plugins.Count - 1; i >= 0; i--)
        {
            if (TypeOf(plugins[i]) != type) continue;
            plugins.RemoveAt(i);
            removed = true;
        }

        return removed;
    }

    private static string? TypeOf(JsonNode? plugin) =>
        plugin is JsonObject known && known["type"] is JsonValue type && type.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    private static JsonObject? Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            var root = JsonNode.Parse(content) as JsonObject;
            Open(root);
            return root;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Objects throw where they are first looked into if a name stands twice in them: look into all of them here.</summary>
    private static void Open(JsonNode? node)
    {
        if (node is JsonObject known)
        {
            foreach (var (_, value) in known) Open(value);
        }
        else if (node is JsonArray many)
        {
            foreach (var value in many) Open(value);
        }
    }

    private static byte[] Write(JsonObject root)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Style)) root.WriteTo(writer);
        stream.Write(Encoding.UTF8.GetBytes("\n"));
        return stream.ToArray();
    }
}
