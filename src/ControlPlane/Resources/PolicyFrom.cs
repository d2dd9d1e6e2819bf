using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>One source of a rule.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PolicyFrom
{
    public PolicySource? Source { get; init; }
}
