namespace Mesh.Kubernetes.Json;

/// <summary>What an exec plugin prints.</summary>
internal sealed class ExecCredential
{
    public string? ApiVersion { get; set; }
    public string? Kind { get; set; }
    public ExecCredentialStatus? Status { get; set; }
}
