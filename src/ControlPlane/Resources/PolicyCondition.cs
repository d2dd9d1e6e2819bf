using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>A further condition on one attribute.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PolicyCondition
{
    public string? Key { get; init; }
    public IReadOnlyList<string>? Values { get; init; }
    public IReadOnlyList<string>? NotValues { get; init; }
}
