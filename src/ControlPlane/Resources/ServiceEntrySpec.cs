namespace Mesh.ControlPlane.Resources;

/// <summary>What a service entry says.</summary>
internal sealed record ServiceEntrySpec
{
    public IReadOnlyList<string>? Hosts { get; init => field = Present.Of(value); }
    public IReadOnlyList<string>? Addresses { get; init => field = Present.Of(value); }
    public IReadOnlyList<ServiceEntryPort>? Ports { get; init => field = Present.Of(value); }
    public string? Location { get; init; }
    public string? Resolution { get; init; }
    public IReadOnlyList<WorkloadEntrySpec>? Endpoints { get; init => field = Present.Of(value); }
    public WorkloadSelector? WorkloadSelector { get; init; }
    public IReadOnlyList<string>? SubjectAltNames { get; init => field = Present.Of(value); }
}
