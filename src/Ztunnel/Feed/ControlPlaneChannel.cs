using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Feed;

/// <summary>Connections to one service of the control plane, with the roots and the token of the moment they are made. Any thread.</summary>
internal sealed class ControlPlaneChannel(ControlPlaneOptions server, string? token)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A fresh connection; throws when the root cannot be read, which is a failed attempt.</summary>
    public HttpMessageInvoker Connect()
    {
        var roots = ReadRoots();
        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors, roots),
            },
        });
    }

    /// <summary>The token, read anew, because it is rotated.</summary>
    public async ValueTask<string?> ReadTokenAsync(CancellationToken stop)
    {
        if (token is null) return null;
        return File.Exists(token) ? (await File.ReadAllTextAsync(token, stop)).Trim() : token;
    }

    private X509Certificate2Collection? ReadRoots()
    {
        if (server.Root == "SYSTEM" || server.Address.Scheme == Uri.UriSchemeHttp) return null;
        var roots = new X509Certificate2Collection();
        if (server.Root.Contains("-----BEGIN", StringComparison.Ordinal)) roots.ImportFromPem(server.Root);
        else roots.ImportFromPemFile(server.Root);
        return roots;
    }

    private bool IsTrusted(X509Certificate? presented, SslPolicyErrors errors, X509Certificate2Collection? roots)
    {
        if (presented is not X509Certificate2 certificate) return false;
        var isNameRight = !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            || (server.AlternativeName is { } other && certificate.MatchesHostname(other));
        if (!isNameRight) return false;
        if (roots is null) return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
