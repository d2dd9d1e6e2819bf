namespace Mesh.Kubernetes;

/// <summary>What credentials are looked for with; tests replace the environment.</summary>
public sealed record CredentialSearch
{
    /// <summary>A file that was asked for by name, before anything else.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Null means the file's current context.</summary>
    public string? Context { get; init; }

    /// <summary>Accept <c>insecure-skip-tls-verify</c>: anybody on the path can then read and change everything.</summary>
    public bool AllowInsecureTls { get; init; }

    public string ServiceAccountFolder { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";

    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
