using System.Globalization;
using System.Text.Json.Serialization;

namespace Mesh.ControlPlane.Resources;

/// <summary>What a peer authentication says. A field that we do not know may be what makes it strict, so it is a problem.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PeerAuthenticationSpec
{
    public WorkloadSelector? Selector { get; init; }
    public MutualTlsMode? Mtls { get; init; }
    public IReadOnlyDictionary<string, MutualTlsMode>? PortLevelMtls { get; init; }

    /// <summary>Why it cannot be understood; then only what it selects is to be relied on.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    /// <summary>What no schema of types says: modes and ports that do not exist.</summary>
    public string? FindProblem()
    {
        if (Mtls is { IsKnown: false }) return $"mtls.mode '{Mtls.Mode}' is none of {MutualTlsMode.All}";
        foreach (var (port, mode) in PortLevelMtls ?? new Dictionary<string, MutualTlsMode>())
        {
            if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
                return $"portLevelMtls names the port '{port}'";
            if (!mode.IsKnown) return $"portLevelMtls.{port}.mode '{mode.Mode}' is none of {MutualTlsMode.All}";
        }
        return null;
    }
}
