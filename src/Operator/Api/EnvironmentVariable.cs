namespace Mesh.Operator.Api;

/// <summary>A variable of a container.</summary>
internal sealed record EnvironmentVariable
{
    public string Name { get => field ?? ""; init; }

    public string Value { get => field ?? ""; init; }
}
