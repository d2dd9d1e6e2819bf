namespace Mesh.ControlPlane.Resources;

/// <summary>What a peer authentication says.</summary>
internal sealed record PeerAuthenticationSpec
{
    public WorkloadSelector? Selector { get; init; }
    public MutualTlsMode? Mtls { get; init; }
    public IReadOnlyDictionary<string, MutualTlsMode>? PortLevelMtls { get; init; }
}
