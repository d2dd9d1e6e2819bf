using System.Net.Security;
using System.Security.Authentication;
using Mesh.ControlPlane.Authority;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Mesh.ControlPlane.Serve;

/// <summary>How the TLS port listens: HTTP/2 alone, TLS 1.2 at least, the certificate of the moment.</summary>
internal static class TlsPort
{
    private const int StreamsPerConnection = 1000;

    public static void Listen(KestrelServerOptions kestrel, System.Net.IPAddress address, int port, CertificateAuthority authority)
    {
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MinResponseDataRate = null; // A node that is busy may read a first push slowly; its unanswered push has a limit.
        kestrel.Listen(new System.Net.IPEndPoint(address, port), listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(Options(authority.ServingChain)),
            });
        });
    }

    private static SslServerAuthenticationOptions Options(SslStreamCertificateContext? chain) => new()
    {
        ServerCertificateContext = chain,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = false, // Callers prove themselves by their tokens.
    };
}
