namespace Mesh.ControlPlane.Resources;

/// <summary>What an authorization policy says.</summary>
internal sealed record AuthorizationPolicySpec
{
    public WorkloadSelector? Selector { get; init; }
    public PolicyTarget? TargetRef { get; init; }
    public IReadOnlyList<PolicyTarget>? TargetRefs { get; init; }
    public string? Action { get; init; }
    public IReadOnlyList<PolicyRuleObject?>? Rules { get; init; }
}
