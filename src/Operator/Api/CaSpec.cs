using System.Text.Json.Serialization;

namespace Mesh.Operator.Api;

/// <summary>The certificate authority.</summary>
internal sealed record CaSpec
{
    [JsonPropertyName("workloadCertTTL")]
    public string WorkloadCertTtl { get => field ?? "24h"; init; }

    /// <summary>Null: revocation is not checked.</summary>
    public CrlRef? CrlRef { get; init; }
}
