namespace Mesh.Kubernetes.Access;

/// <summary>A token that never changes.</summary>
internal sealed class FixedToken(string token) : ITokenSource
{
    public ValueTask<string?> GetAsync(CancellationToken stop) => new(token);

    public ValueTask<bool> TryRenewAsync(string refused, CancellationToken stop) => new(false);
}
