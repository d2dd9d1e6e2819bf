namespace Mesh.Ztunnel.Options;

/// <summary>How one of the two services of the control plane is reached.</summary>
internal sealed record ControlPlaneOptions
{
    public required Uri Address { get; init; }

    /// <summary>A path, a PEM text, or SYSTEM.</summary>
    public required string Root { get; init; }

    /// <summary>A further name the server may prove.</summary>
    public string? AlternativeName { get; init; }

    /// <summary>A server that speaks no TLS 1.3 is good enough, too (upstream's control plane under FIPS 140-2 is one).</summary>
    public bool AllowsTls12 { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
