namespace Mesh.Operator.Api;

/// <summary>How far one component's rollout is.</summary>
internal sealed record ComponentStatus
{
    public string Name { get => field ?? ""; init; }

    public string Kind { get => field ?? ""; init; }

    public string Namespace { get => field ?? ""; init; }

    public string? Version { get; init; }

    public int Desired { get; init; }

    public int Updated { get; init; }

    public int Ready { get; init; }

    public int Available { get; init; }

    public string Phase { get => field ?? ""; init; }

    public string? Message { get; init; }
}
