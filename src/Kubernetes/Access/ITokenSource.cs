namespace Mesh.Kubernetes.Access;

/// <summary>Where the bearer token comes from.</summary>
internal interface ITokenSource
{
    /// <summary>
    /// The token to send now; null to send none. Throws <see cref="CredentialsException"/> when there is no way to get one.
    /// </summary>
    ValueTask<string?> GetAsync(CancellationToken stop);

    /// <summary>The server refused this token: true when there is another one to try.</summary>
    ValueTask<bool> TryRenewAsync(string refused, CancellationToken stop);
}
