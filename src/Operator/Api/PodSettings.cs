using System.Text.Json.Nodes;

namespace Mesh.Operator.Api;

/// <summary>What can be set for the pods of every component.</summary>
internal abstract record PodSettings
{
    public ResourcesSpec? Resources { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Kubernetes tolerations, handed on as they are. Null means the component's own.</summary>
    public JsonArray? Tolerations { get; init; }

    /// <summary>A Kubernetes affinity, handed on as it is. Null means the component's own.</summary>
    public JsonObject? Affinity { get; init; }

    public IReadOnlyDictionary<string, string>? PodLabels { get; init; }

    public IReadOnlyDictionary<string, string>? PodAnnotations { get; init; }

    /// <summary>Variables that are added to ours or replace them by name.</summary>
    public IReadOnlyList<EnvironmentVariable> Env { get => field ?? []; init; }

    /// <summary>A RUST_LOG filter such as `info,access=warn`.</summary>
    public string LogLevel { get => field ?? "info"; init; }
}
