using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>UNSET, DISABLE, PERMISSIVE or STRICT.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record MutualTlsMode
{
    public const string All = "UNSET, DISABLE, PERMISSIVE and STRICT";

    public string? Mode { get; init; }

    [JsonIgnore]
    public bool IsKnown => Mode is null or "" or "UNSET" or "DISABLE" or "PERMISSIVE" or "STRICT";
}
