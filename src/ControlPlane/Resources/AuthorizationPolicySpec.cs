using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>What an authorization policy says. A field that we do not know may restrict what we would then allow, so it is a problem.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AuthorizationPolicySpec
{
    public WorkloadSelector? Selector { get; init; }
    public PolicyTarget? TargetRef { get; init; }
    public IReadOnlyList<PolicyTarget>? TargetRefs { get; init; }
    public string? Action { get; init; }
    public PolicyProvider? Provider { get; init; }
    public IReadOnlyList<PolicyRuleObject>? Rules { get; init; }

    /// <summary>Why it cannot be understood; then only what it selects and its action are to be relied on.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }
}
