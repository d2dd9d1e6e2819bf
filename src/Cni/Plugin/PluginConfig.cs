using System.Text.Json;

namespace Mesh.Cni.Plugin;

/// <summary>What the runtime gives the plugin on standard input: our object of the conflist, with the result so far.</summary>
internal sealed class PluginConfig
{
    public const string DefaultVersion = "0.3.1";
    public const string SocketName = "pluginevent.sock";
    public const string DefaultRunDirectory = "/var/run/istio-cni";

    private PluginConfig()
    {
    }

    public string Version { get; private init; } = DefaultVersion;

    /// <summary>Where the agent's socket is.</summary>
    public string RunDirectory { get; private init; } = DefaultRunDirectory;

    public IReadOnlyList<string> ExcludedNamespaces { get; private init; } = [];

    /// <summary>Pods that must start without the agent, because the mesh on this node starts with them: namespace/name-prefix.</summary>
    public IReadOnlyList<string> OwnPods { get; private init; } = [];

    /// <summary>The result of the plugins before us, exactly as it came; null when there is none.</summary>
    public string? PreviousResult { get; private init; }

    public IReadOnlyList<PodAddress> Addresses { get; private init; } = [];

    public static bool TryParse(ReadOnlyMemory<byte> json, out PluginConfig? config, out string problem)
    {
        config = null;
        problem = string.Empty;
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                problem = "the configuration is no JSON object";
                return false;
            }

            var previous = root.TryGetProperty("prevResult", out var result) && result.ValueKind == JsonValueKind.Object ? result : default;
            config = new PluginConfig
            {
                Version = Text(root, "cniVersion") ?? DefaultVersion,
                RunDirectory = Text(root, "cni_agent_run_dir") ?? DefaultRunDirectory,
                ExcludedNamespaces = Texts(root, "exclude_namespaces"),
                OwnPods = Texts(root, "own_pods"),
                PreviousResult = previous.ValueKind == JsonValueKind.Object ? previous.GetRawText() : null,
                Addresses = ReadAddresses(previous),
            };
            return true;
        }
        catch (JsonException e)
        {
            problem = e.Message;
            return false;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static List<string> Texts(JsonElement element, string name)
    {
        var texts = new List<string>();
        if (!element.TryGetProperty(name, out var values) || values.ValueKind != JsonValueKind.Array) return texts;
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind == JsonValueKind.String) texts.Add(value.GetString()!);
        }

        return texts;
    }

    private static List<PodAddress> ReadAddresses(JsonElement previous)
    {
        var addresses = new List<PodAddress>();
        if (previous.ValueKind != JsonValueKind.Object) return addresses;
        if (!previous.TryGetProperty("ips", out var ips) || ips.ValueKind != JsonValueKind.Array) return addresses;
        foreach (var ip in ips.EnumerateArray())
        {
            if (ip.ValueKind != JsonValueKind.Object) continue;
            if (PodAddress.TryParse(Text(ip, "address"), Text(ip, "gateway"), out var address)) addresses.Add(address);
        }

        return addresses;
    }
}
