namespace Mesh.ControlPlane.Resources;

/// <summary>What a service entry says.</summary>
internal sealed record ServiceEntrySpec
{
    public IReadOnlyList<string>? Hosts { get; init; }
    public IReadOnlyList<string>? Addresses { get; init; }
    public IReadOnlyList<ServiceEntryPort>? Ports { get; init; }
    public string? Location { get; init; }
    public string? Resolution { get; init; }
    public IReadOnlyList<WorkloadEntrySpec>? Endpoints { get; init; }
    public WorkloadSelector? WorkloadSelector { get; init; }
    public IReadOnlyList<string>? SubjectAltNames { get; init; }
}
