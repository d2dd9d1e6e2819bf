using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Tests.Support;

namespace Mesh.Kubernetes.Tests.Cluster;

[Collection("Cluster")]
[Trait("Category", "Cluster")]
public sealed class TransportTests(ApiServer server)
{
    [Fact]
    public async Task A_server_of_another_authority_is_refused()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        var (other, _) = Certificates.Authority("other");
        folder.Write("ca.crt", other.ExportCertificatePem());

        var error = await ErrorAsync(folder, "certificate-authority: ca.crt");

        Assert.Equal(ApiErrorReason.Transport, error.Reason);
        Assert.Contains("TLS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_in_the_certificate_can_be_told_and_is_checked()
    {
        using var admin = server.Connect();
        using var folder = new Folder();

        var good = await ErrorAsync(folder, $"certificate-authority: '{server.AuthorityFile}', tls-server-name: localhost");
        var bad = await ErrorAsync(folder, $"certificate-authority: '{server.AuthorityFile}', tls-server-name: elsewhere");

        Assert.Equal(ApiErrorReason.Forbidden, good.Reason); // It got through: anonymous may not read nodes.
        Assert.Equal(ApiErrorReason.Transport, bad.Reason);
    }

    [Fact]
    public async Task A_rotated_authority_file_is_used_for_the_next_connection()
    {
        using var admin = server.Connect();
        using var folder = new Folder();
        var (other, _) = Certificates.Authority("other");
        folder.Write("ca.crt", other.ExportCertificatePem());
        using var client = Client(folder, "certificate-authority: ca.crt");
        Assert.Equal(ApiErrorReason.Transport, (await client.TryGetAsync(Node.Resource, ObjectKey.ClusterScoped("a"), Wait.Stop)).Error!.Reason);

        File.Copy(server.AuthorityFile, folder.File("ca.crt"), overwrite: true);

        Assert.Equal(ApiErrorReason.Forbidden, (await client.TryGetAsync(Node.Resource, ObjectKey.ClusterScoped("a"), Wait.Stop)).Error!.Reason);
    }

    private async Task<ApiError> ErrorAsync(Folder folder, string cluster)
    {
        using var client = Client(folder, cluster);
        return (await client.TryGetAsync(Node.Resource, ObjectKey.ClusterScoped("a"), Wait.Stop)).Error!;
    }

    private KubernetesClient Client(Folder folder, string cluster) => new(Credentials.Discover(new CredentialSearch
    {
        Kubeconfig = folder.Write("config", $$"""
            current-context: c
            clusters: [{name: x, cluster: {server: 'https://127.0.0.1:{{server.Port}}', {{cluster}} } }]
            contexts: [{name: c, context: {cluster: x} }]
            """),
    }));
}
