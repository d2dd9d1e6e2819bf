using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Tests.Feed;

/// <summary>A control plane's port whose certificate stands below a root and an intermediate, as with a plugged-in CA.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private readonly WebApplication _app;

    private TlsServer(string name, string usage, SslProtocols protocols)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Authority("O=company root", rootKey, null, rootKey);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middle = Authority("O=mesh intermediate", middleKey, root, rootKey);
        RootPem = root.ExportCertificatePem() + "\n";
        MiddlePem = middle.ExportCertificatePem() + "\n";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().UseSetting(WebHostDefaults.ServerUrlsKey, null);
        var leaf = Leaf(name, usage, middle, middleKey);
        var chain = SslStreamCertificateContext.Create(leaf, [X509CertificateLoader.LoadCertificate(middle.RawData)], offline: true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, on =>
        {
            on.Protocols = HttpProtocols.Http2;
            on.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = chain,
                    EnabledSslProtocols = protocols,
                    ApplicationProtocols = [SslApplicationProtocol.Http2],
                }),
            });
        }));
        _app = builder.Build();
        _app.Run(static context => context.Response.WriteAsync("here"));
    }

    public string RootPem { get; }
    public string MiddlePem { get; }
    public Uri Address => new($"https://localhost:{new Uri(_app.Urls.Single()).Port}");

    public static async Task<TlsServer> StartAsync(
        string name = "localhost", string usage = ServerAuthentication, SslProtocols protocols = SslProtocols.Tls12 | SslProtocols.Tls13)
    {
        var server = new TlsServer(name, usage, protocols);
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private static X509Certificate2 Authority(string subject, ECDsa key, X509Certificate2? above, ECDsa signer)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return Sign(request, above?.SubjectName ?? new X500DistinguishedName(subject), signer);
    }

    private static X509Certificate2 Leaf(string name, string usage, X509Certificate2 signer, ECDsa signerKey)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        using var bare = Sign(request, signer.SubjectName, signerKey);
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    private static X509Certificate2 Sign(CertificateRequest request, X500DistinguishedName issuer, ECDsa signer)
    {
        var now = DateTimeOffset.UtcNow;
        return request.Create(issuer, X509SignatureGenerator.CreateForECDsa(signer), now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
    }
}
