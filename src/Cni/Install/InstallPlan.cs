using System.Text.Json.Nodes;

namespace Mesh.Cni.Install;

/// <summary>Where on the host the plugin goes, as this process sees the host's folders, and what its entry says.</summary>
internal sealed record InstallPlan
{
    public const string PluginType = "mesh-cni";

    public required string BinaryDirectory { get; init; }

    public required string ConfigDirectory { get; init; }

    /// <summary>The program to install: this very file.</summary>
    public required string PluginSource { get; init; }

    /// <summary>The configuration to edit; empty takes the first valid one by name, as runtimes do.</summary>
    public string ConfigName { get; init; } = string.Empty;

    /// <summary>As the host sees it.</summary>
    public required string RunDirectory { get; init; }

    public IReadOnlyList<string> ExcludedNamespaces { get; init; } = [];

    public IReadOnlyList<string> OwnPods { get; init; } = [];

    public string PluginPath => Path.Combine(BinaryDirectory, PluginType);

    public JsonObject Entry() => new()
    {
        ["type"] = PluginType,
        ["name"] = PluginType,
        ["cni_agent_run_dir"] = RunDirectory,
        ["exclude_namespaces"] = Array(ExcludedNamespaces),
        ["own_pods"] = Array(OwnPods),
    };

    private static JsonArray Array(IEnumerable<string> texts)
    {
        var array = new JsonArray();
        foreach (var text in texts.Order(StringComparer.Ordinal)) array.Add((JsonNode)text);
        return array;
    }
}
