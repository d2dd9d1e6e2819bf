using System.Text.Json;

namespace Mesh.Cni.Plugin;

/// <summary>
/// What the agent leaves on disk beside the plugin, for the time when it cannot be asked: the namespaces certain to be outside the mesh.
/// Survives a reboot, unlike the agent's socket.
/// </summary>
internal sealed record PluginHints(IReadOnlySet<string> PlainNamespaces, bool IsUninstalled)
{
    public const string FileName = "mesh-cni.hints";

    public static string PathBeside(string pluginDirectory) => Path.Combine(pluginDirectory, FileName);

    /// <summary>Null when there are none, or none that can be trusted.</summary>
    public static PluginHints? TryRead(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var plain = new HashSet<string>(StringComparer.Ordinal);
            if (root.TryGetProperty("plainNamespaces", out var names))
            {
                foreach (var name in names.EnumerateArray()) plain.Add(name.GetString()!);
            }

            return new PluginHints(plain, root.TryGetProperty("uninstalled", out var gone) && gone.ValueKind == JsonValueKind.True);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteBoolean("uninstalled", IsUninstalled);
            json.WriteStartArray("plainNamespaces");
            foreach (var name in PlainNamespaces.Order(StringComparer.Ordinal)) json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
