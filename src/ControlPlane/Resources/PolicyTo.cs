using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>One operation of a rule.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PolicyTo
{
    public PolicyOperation? Operation { get; init; }
}
