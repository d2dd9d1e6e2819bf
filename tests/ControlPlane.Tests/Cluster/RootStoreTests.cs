using System.Text;
using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Tests.Authority;
using Mesh.Identity;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.ControlPlane.Tests.Cluster;

/// <summary>Where the root is kept, on a real API server.</summary>
[Trait("Category", "Cluster")]
public sealed class RootStoreTests(ApiServer api) : IClassFixture<ApiServer>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Replicas_that_start_together_end_with_one_root()
    {
        using var client = api.Connect();
        var store = await StoreAsync(client, "together");

        var loaded = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.LoadOrCreateAsync(Stop)));

        Assert.Single(loaded.Select(l => l.Issuer!.CertificatePem).Distinct());
    }

    [Fact]
    public async Task A_root_near_its_end_is_renewed_by_the_leader_from_the_same_key()
    {
        using var client = api.Connect();
        var store = await StoreAsync(client, "renewal");
        var old = CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Rsa2048, DateTimeOffset.UtcNow.AddDays(-90), TimeSpan.FromDays(100));
        await PutAsync(client, "renewal", old);
        var options = Options("renewal");
        var authority = new CertificateAuthority(options, TimeProvider.System);
        authority.Use((await store.LoadOrCreateAsync(Stop)).Issuer!);
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "shop", "cart"));
        var before = authority.Issue(request.Pem, request.Id, TimeSpan.FromHours(1)).Chain!;
        var leads = false;
        var changes = 0;
        var rotation = new RootRotation(store, authority, () => leads, () => changes++, TimeProvider.System, new Random(1), NullLogger.Instance);

        await rotation.CheckAsync(Stop);
        Assert.Equal(old.CertificatePem, authority.Issuer!.CertificatePem); // A follower leaves it alone.
        leads = true;
        await rotation.CheckAsync(Stop);

        Assert.Equal(1, changes);
        Assert.True(authority.Issuer!.NotAfter > old.NotAfter);
        Assert.Equal(old.PrivateKeyPem, authority.Issuer.PrivateKeyPem);
        Assert.True(Verifies(before[0], authority.RootsPem), "leaves of the old root verify against the new one");
        var secret = await client.GetAsync(Secret.Resource, new ObjectKey("renewal", "istio-ca-secret"), Stop);
        var published = Encoding.ASCII.GetString(secret.Data["root-cert.pem"]);
        Assert.Contains(authority.Issuer.CertificatePem.Trim(), published, StringComparison.Ordinal);
        Assert.Contains(old.CertificatePem.Trim(), published, StringComparison.Ordinal); // Until all know the new one.
        Assert.Equal(published, authority.RootsPem);
        var reloaded = (await store.LoadOrCreateAsync(Stop)).Issuer!;
        Assert.True(authority.IsCurrent(reloaded));
    }

    [Fact]
    public async Task An_intermediate_is_never_renewed_here()
    {
        using var client = api.Connect();
        var store = await StoreAsync(client, "intermediate");
        using var issuer = Intermediates.Create(TimeSpan.FromDays(1), from: DateTimeOffset.UtcNow.AddDays(-9));
        await client.CreateAsync(
            Secret.Resource,
            new Secret
            {
                Metadata = new ObjectMeta { Name = "istio-ca-secret", Namespace = "intermediate" },
                Type = "istio.io/ca-root",
                Data = new Dictionary<string, byte[]>
                {
                    ["ca-cert.pem"] = Encoding.ASCII.GetBytes(issuer.CertificatePem),
                    ["ca-key.pem"] = Encoding.ASCII.GetBytes(issuer.PrivateKeyPem),
                    ["root-cert.pem"] = Encoding.ASCII.GetBytes(issuer.Roots.ToPem()),
                },
            },
            Stop);
        var authority = new CertificateAuthority(Options("intermediate"), TimeProvider.System);
        authority.Use((await store.LoadOrCreateAsync(Stop)).Issuer!);
        Assert.True(authority.IsRenewalDue());

        await new RootRotation(store, authority, () => true, () => { }, TimeProvider.System, new Random(1), NullLogger.Instance).CheckAsync(Stop);

        Assert.Equal(issuer.CertificatePem, authority.Issuer!.CertificatePem);
        var secret = await client.GetAsync(Secret.Resource, new ObjectKey("intermediate", "istio-ca-secret"), Stop);
        Assert.Equal(issuer.CertificatePem, Encoding.ASCII.GetString(secret.Data["ca-cert.pem"]));
    }

    [Fact]
    public async Task A_root_that_somebody_else_put_there_is_taken_over()
    {
        using var client = api.Connect();
        var store = await StoreAsync(client, "replaced");
        var authority = new CertificateAuthority(Options("replaced"), TimeProvider.System);
        authority.Use((await store.LoadOrCreateAsync(Stop)).Issuer!);
        var other = CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Rsa2048, DateTimeOffset.UtcNow, TimeSpan.FromDays(1000));
        await client.DeleteAsync(Secret.Resource, new ObjectKey("replaced", "istio-ca-secret"), new DeleteOptions(), Stop);
        await PutAsync(client, "replaced", other);
        var changes = 0;

        await new RootRotation(store, authority, () => false, () => changes++, TimeProvider.System, new Random(1), NullLogger.Instance).CheckAsync(Stop);

        Assert.Equal(1, changes);
        Assert.Equal(other.CertificatePem, authority.Issuer!.CertificatePem);
    }

    [Fact]
    public async Task A_damaged_secret_is_reported_and_not_overwritten()
    {
        using var client = api.Connect();
        var store = await StoreAsync(client, "damaged");
        await client.CreateAsync(
            Secret.Resource,
            new Secret
            {
                Metadata = new ObjectMeta { Name = "istio-ca-secret", Namespace = "damaged" },
                Type = "istio.io/ca-root",
                Data = new Dictionary<string, byte[]> { ["ca-cert.pem"] = "nonsense"u8.ToArray() },
            },
            Stop);

        var (issuer, problem) = await store.LoadOrCreateAsync(Stop);

        Assert.Null(issuer);
        Assert.Contains("damaged/istio-ca-secret", problem, StringComparison.Ordinal);
        var secret = await client.GetAsync(Secret.Resource, new ObjectKey("damaged", "istio-ca-secret"), Stop);
        Assert.Equal("nonsense", Encoding.ASCII.GetString(secret.Data["ca-cert.pem"]));
    }

    private static ControlPlaneOptions Options(string ns) => new() { Mesh = new() { SystemNamespace = ns, RootNamespace = ns }, CaFolder = "/nonexistent" };

    private static async Task<RootStore> StoreAsync(KubernetesClient client, string ns)
    {
        await client.CreateAsync(Namespace.Resource, new Namespace { Metadata = new ObjectMeta { Name = ns } }, Stop);
        return new RootStore(client, Options(ns), TimeProvider.System, NullLogger.Instance);
    }

    private static Task<Secret> PutAsync(KubernetesClient client, string ns, CertificateIssuer issuer) => client.CreateAsync(
        Secret.Resource,
        new Secret
        {
            Metadata = new ObjectMeta { Name = "istio-ca-secret", Namespace = ns },
            Type = "istio.io/ca-root",
            Data = new Dictionary<string, byte[]>
            {
                ["ca-cert.pem"] = Encoding.ASCII.GetBytes(issuer.CertificatePem),
                ["ca-key.pem"] = Encoding.ASCII.GetBytes(issuer.PrivateKeyPem),
            },
        },
        Stop);

    private static bool Verifies(string leafPem, string rootsPem)
    {
        using var leaf = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(leafPem);
        using var chain = new System.Security.Cryptography.X509Certificates.X509Chain();
        chain.ChainPolicy.TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(rootsPem);
        chain.ChainPolicy.RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck;
        return chain.Build(leaf);
    }
}
