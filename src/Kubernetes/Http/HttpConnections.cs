using System.Net;
using System.Net.Security;
using System.Security.Authentication;

namespace Mesh.Kubernetes.Http;

/// <summary>Opens the connection pool as the credentials ask: roots, client certificate, proxy, limits.</summary>
internal static class HttpConnections
{
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeLimit = TimeSpan.FromSeconds(15);

    public static SocketsHttpHandler Open(Credentials credentials, KubernetesClientOptions options)
    {
        var connections = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeLimit,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            KeepAlivePingDelay = PingAfter,
            KeepAlivePingTimeout = PingTimeLimit,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false, // A redirect would carry our token elsewhere.
            UseCookies = false,
            ActivityHeadersPropagator = null,
            SslOptions = Tls(credentials),
        };
        if (credentials.Proxy is { } proxy)
        {
            connections.Proxy = new WebProxy(proxy);
            connections.UseProxy = true;
        }

        return connections;
    }

    private static SslClientAuthenticationOptions Tls(Credentials credentials)
    {
        var tls = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (credentials.ClientCertificate is { } certificate)
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate.Find()!;
#pragma warning disable CA5359 // Asked for twice: in the kubeconfig and by whoever started us.
        if (credentials.AcceptsAnyServer) tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        else if (credentials.Roots is { } roots)
            tls.RemoteCertificateValidationCallback = (_, peer, chain, errors) => roots.Trusts(peer, chain, errors);
        return tls;
    }
}
