namespace Mesh.Operator;

/// <summary>
/// What the operator itself brings to a rendering: where it runs, and where images come from unless the spec says otherwise.
/// </summary>
internal sealed record OperatorDefaults
{
    public required string Namespace { get; init; }

    public required string ServiceAccount { get; init; }

    public required string Registry { get; init; }

    /// <summary>Empty means the installed version.</summary>
    public required string Tag { get; init; }
}
