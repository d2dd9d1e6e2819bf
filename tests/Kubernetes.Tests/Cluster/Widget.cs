using System.Text.Json.Serialization;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Tests.Cluster;

/// <summary>A custom kind as another project would define it: its own record, its own serializer context.</summary>
public sealed record Widget : IKubernetesObject
{
    public static readonly ResourceType<Widget> Resource = new("example.com", "v1", "widgets", "Widget", namespaced: true, WidgetJson.Default.Widget);

    public ObjectMeta Metadata { get => field ?? new ObjectMeta(); init; }

    public WidgetSpec Spec { get => field ?? new WidgetSpec(); init; }

    public WidgetStatus Status { get => field ?? new WidgetStatus(); init; }
}

public sealed record WidgetSpec
{
    public int Size { get; init; }
}

public sealed record WidgetStatus
{
    public string? Phase { get; init; }

    public string? Note { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Widget))]
internal sealed partial class WidgetJson : JsonSerializerContext;
