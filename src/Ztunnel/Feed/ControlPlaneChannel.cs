using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Feed;

/// <summary>Connections to one service of the control plane, with the roots and the token of the moment they are made. Any thread.</summary>
internal sealed class ControlPlaneChannel(ControlPlaneOptions server, string? token)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Decided once: a file that is missing for a moment must not make its path the token.</summary>
    private readonly bool _isTokenFile = token is not null && (token.StartsWith('/') || token.StartsWith('.') || File.Exists(token));

    /// <summary>A fresh connection; throws when the root cannot be read, which is a failed attempt.</summary>
    public HttpMessageInvoker Connect() => new(new SocketsHttpHandler
    {
        ConnectTimeout = ConnectTimeout,
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        UseProxy = false,
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = server.AllowsTls12 ? SslProtocols.Tls12 | SslProtocols.Tls13 : SslProtocols.Tls13, // As between proxies.
            CertificateChainPolicy = ReadTrust(),
            RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors),
        },
    });

    /// <summary>The token, read anew, because it is rotated; throws when its file cannot be read, which is a failed attempt.</summary>
    public async ValueTask<string?> ReadTokenAsync(CancellationToken stop) =>
        _isTokenFile ? (await File.ReadAllTextAsync(token!, stop)).Trim() : token;

    /// <summary>How the server's chain is judged: by our roots, with the intermediates it presents, for a server, without asking anybody.</summary>
    private X509ChainPolicy? ReadTrust()
    {
        if (server.Address.Scheme == Uri.UriSchemeHttp) return null;
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (server.Root == "SYSTEM") return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        if (server.Root.Contains("-----BEGIN", StringComparison.Ordinal)) policy.CustomTrustStore.ImportFromPem(server.Root);
        else policy.CustomTrustStore.ImportFromPemFile(server.Root);
        return policy;
    }

    private bool IsTrusted(X509Certificate? presented, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        return errors == SslPolicyErrors.RemoteCertificateNameMismatch && server.AlternativeName is { } other
            && presented is X509Certificate2 certificate && certificate.MatchesHostname(other);
    }
}
