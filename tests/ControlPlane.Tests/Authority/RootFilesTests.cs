using Mesh.ControlPlane.Authority;
using Mesh.Identity;
using Mesh.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.ControlPlane.Tests.Authority;

public sealed class RootFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-roots-").FullName;
    private readonly KubernetesClient _nobody = new(Credentials.Anonymous(new Uri("http://127.0.0.1:1")));

    [Fact]
    public async Task A_mounted_signing_certificate_is_used_without_asking_the_cluster()
    {
        using var root = CertificateIssuer.CreateSelfSigned("example.org", IssuerKeyKind.Ec256, DateTimeOffset.UtcNow, TimeSpan.FromDays(10));
        await WriteAsync("ca-cert.pem", root.CertificatePem);
        await WriteAsync("ca-key.pem", root.PrivateKeyPem);
        await WriteAsync("cert-chain.pem", "");
        await WriteAsync("root-cert.pem", root.CertificatePem);

        var (issuer, problem) = await Store().LoadOrCreateAsync(CancellationToken.None);

        Assert.Null(problem);
        Assert.Equal(root.CertificatePem, issuer!.CertificatePem);
        var authority = new CertificateAuthority(new ControlPlaneOptions(), TimeProvider.System);
        authority.Use(issuer); // Our own certificate can be signed by an elliptic-curve key, too.
        Assert.NotNull(authority.ServingCertificate);
    }

    [Fact]
    public async Task A_mount_that_is_not_whole_is_refused_with_the_file_that_is_missing()
    {
        using var root = CertificateIssuer.CreateSelfSigned("example.org", IssuerKeyKind.Ec256, DateTimeOffset.UtcNow, TimeSpan.FromDays(10));
        await WriteAsync("ca-cert.pem", root.CertificatePem);

        var (issuer, problem) = await Store().LoadOrCreateAsync(CancellationToken.None);

        Assert.Null(issuer);
        Assert.Contains("ca-key.pem", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_certificate_carries_our_names_and_istiods()
    {
        var names = ServingCertificate.NamesFor(new ControlPlaneOptions
        {
            ServiceNames = ["mesh-control-plane"],
            CustomHosts = ["mesh.example.org"],
            Mesh = new() { SystemNamespace = "mesh", Revision = "v2" },
        });

        Assert.Contains("mesh-control-plane.mesh.svc", names);
        Assert.Contains("istiod.mesh.svc", names);
        Assert.Contains("istiod-v2.mesh.svc", names);
        Assert.Contains("mesh.example.org", names);
    }

    public void Dispose()
    {
        _nobody.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private RootStore Store() => new(_nobody, new ControlPlaneOptions { CaFolder = _folder }, TimeProvider.System, NullLogger.Instance);

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(_folder, name), text);
}
