using Mesh.Model;

namespace Mesh.Xds.Client;

/// <summary>
/// A part of one push, ready to apply: what appeared or changed, then what is gone. A push is one or more batches; the
/// last has <see cref="EndOfPush"/> set, and is acknowledged when the consumer returns.
/// </summary>
public sealed class DeltaBatch
{
    private static readonly IReadOnlyList<string> NoNames = [];

    public required string TypeUrl { get; init; }
    public IReadOnlyList<Workload> Workloads { get; init; } = [];
    public IReadOnlyList<Service> Services { get; init; } = [];
    public IReadOnlyList<AuthorizationPolicy> Policies { get; init; } = [];
    /// <summary>Names that are gone: a workload's uid or a service's <c>namespace/hostname</c>, or a policy's <c>namespace/name</c>;
    /// on demand, also names asked for that nobody has.</summary>
    public IReadOnlyList<string> Removed { get; init; } = NoNames;
    public bool EndOfPush { get; init; }
    /// <summary>Resources of the whole push that were not understood; counted at its end.</summary>
    public int Rejected { get; init; }
}
