using Mesh.Kubernetes.Access;

namespace Mesh.Kubernetes;

/// <summary>
/// Where the API server is, how it proves itself and how we prove ourselves. Immutable; its token and certificate renew themselves.
/// </summary>
public sealed class Credentials
{
    internal Credentials(Uri server, string origin)
    {
        Server = server;
        Prefix = server.AbsolutePath.TrimEnd('/');
        Origin = origin;
    }

    public Uri Server { get; }

    /// <summary>What they were read from, for messages.</summary>
    public string Origin { get; }

    /// <summary>The namespace of the context or of the pod, if said.</summary>
    public string? Namespace { get; internal init; }

    /// <summary>The path in front of <c>/api</c>, for servers behind a gateway.</summary>
    internal string Prefix { get; }
    internal ITokenSource? Token { get; init; }
    internal ClientCertificate? ClientCertificate { get; init; }
    internal TrustRoots? Roots { get; init; }
    internal bool AcceptsAnyServer { get; init; }
    internal string? TlsServerName { get; init; }
    internal Uri? Proxy { get; init; }
    internal string? ImpersonatedUser { get; init; }
    internal IReadOnlyList<string> ImpersonatedGroups { get; init; } = [];

    /// <summary>
    /// The file that <c>KUBECONFIG</c> names, else the pod's service account, else the user's default kubeconfig.
    /// Throws <see cref="CredentialsException"/>, which says what was looked at.
    /// </summary>
    public static Credentials Discover(CredentialSearch? search = null)
    {
        search ??= new CredentialSearch();
        if (search.Kubeconfig is { Length: > 0 } given) return Kubeconfig.Read([given], search).ToCredentials(search);

        if (search.Variable("KUBECONFIG") is { Length: > 0 } variable)
        {
            var files = variable.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return Kubeconfig.Read(files, search).ToCredentials(search);
        }

        if (search.Variable("KUBERNETES_SERVICE_HOST") is { Length: > 0 }) return InCluster.Read(search);

        var home = search.Variable("HOME");
        var usual = string.IsNullOrEmpty(home) ? null : Path.Combine(home, ".kube", "config");
        if (usual is not null && File.Exists(usual)) return Kubeconfig.Read([usual], search).ToCredentials(search);
        throw new CredentialsException(
            "No way into a Kubernetes API server: KUBECONFIG is not set, this is not a pod (KUBERNETES_SERVICE_HOST is not set), and "
            + $"{usual ?? "there is no home folder with .kube/config"}{(usual is null ? "" : " does not exist")}. "
            + "Set KUBECONFIG to the file that kubectl uses.");
    }

    /// <summary>An address that needs neither TLS nor a token, such as <c>kubectl proxy</c>.</summary>
    public static Credentials Anonymous(Uri server) => new(server, server.ToString());
}
