using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>What is asked for.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PolicyOperation
{
    public IReadOnlyList<string>? Hosts { get; init; }
    public IReadOnlyList<string>? NotHosts { get; init; }
    public IReadOnlyList<string>? Ports { get; init; }
    public IReadOnlyList<string>? NotPorts { get; init; }
    public IReadOnlyList<string>? Methods { get; init; }
    public IReadOnlyList<string>? NotMethods { get; init; }
    public IReadOnlyList<string>? Paths { get; init; }
    public IReadOnlyList<string>? NotPaths { get; init; }
}
