using Mesh.Identity;
using Mesh.Ztunnel.Feed;
using Mesh.Ztunnel.Options;
using Mesh.Xds.Client;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Certificates;

/// <summary>Chooses who signs, as the options say.</summary>
internal static class CertificateSources
{
    private static readonly TimeSpan FakeRootLifetime = TimeSpan.FromDays(365);

    /// <summary>The source, or why the configured one cannot work.</summary>
    public static (ICertificateSource? Source, string? Problem) Create(ZtunnelOptions options, ILogger log, TimeProvider time)
    {
        if (!options.FakeCa)
        {
            if (options.Ca is not { } ca) return (null, "CA_ADDRESS is empty and FAKE_CA is off: nobody would sign");
            var channel = new ControlPlaneChannel(ca, options.AuthToken);
            var client = new CertificateClient(
                new CertificateClientOptions
                {
                    Server = ca.Address,
                    Connect = channel.Connect,
                    Token = channel.ReadTokenAsync,
                    ClusterId = options.ClusterId,
                    Headers = ca.Headers,
                },
                time);
            return (new RemoteCertificateSource(client, options.SecretTtl, impersonates: options.Mode == ProxyMode.Shared), null);
        }

        log.LogWarning("FAKE_CA is on: certificates are signed in this process, and whoever has the signing key is everybody");
        if (options.FakeCaRoot is not { } rootPath || options.FakeCaKey is not { } keyPath)
        {
            var made = CertificateIssuer.CreateSelfSigned("mesh", IssuerKeyKind.Ec256, time.GetUtcNow(), FakeRootLifetime);
            return (new LocalCertificateSource(made, options.SecretTtl, time), null);
        }

        try
        {
            var root = File.ReadAllText(rootPath);
            var issuer = CertificateIssuer.TryCreate(root, File.ReadAllText(keyPath), "", root, out var problem);
            return issuer is null ? (null, $"FAKE_CA_ROOT and FAKE_CA_KEY: {problem}") : (new LocalCertificateSource(issuer, options.SecretTtl, time), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"FAKE_CA_ROOT and FAKE_CA_KEY cannot be read: {e.Message}");
        }
    }
}
