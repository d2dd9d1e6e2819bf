using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>One rule: sources, operations and conditions.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PolicyRuleObject
{
    public IReadOnlyList<PolicyFrom>? From { get; init; }
    public IReadOnlyList<PolicyTo>? To { get; init; }
    public IReadOnlyList<PolicyCondition>? When { get; init; }
}
