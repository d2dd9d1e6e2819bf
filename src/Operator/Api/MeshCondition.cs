namespace Mesh.Operator.Api;

/// <summary>One statement about the mesh, with the generation it was made for.</summary>
internal sealed record MeshCondition
{
    public string Type { get => field ?? ""; init; }

    public string Status { get => field ?? ""; init; }

    public long ObservedGeneration { get; init; }

    /// <summary>RFC 3339, whole seconds.</summary>
    public string LastTransitionTime { get => field ?? ""; init; }

    public string Reason { get => field ?? ""; init; }

    public string Message { get => field ?? ""; init; }
}
