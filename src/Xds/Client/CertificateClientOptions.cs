namespace Mesh.Xds.Client;

/// <summary>How certificates are asked for.</summary>
public sealed record CertificateClientOptions
{
    public required Uri Server { get; init; }
    /// <summary>Makes the invoker of one call, with the roots of that moment; disposed after it.</summary>
    public required Func<HttpMessageInvoker> Connect { get; init; }
    public Func<CancellationToken, ValueTask<string?>> Token { get; init; } = static _ => ValueTask.FromResult<string?>(null);
    public string ClusterId { get; init; } = "Kubernetes";
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
