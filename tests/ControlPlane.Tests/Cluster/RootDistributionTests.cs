using System.Text.Json.Nodes;
using Mesh.ControlPlane.Authority;
using Mesh.Identity;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Watching;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.ControlPlane.Tests.Cluster;

/// <summary>How the roots get into every namespace of a real API server.</summary>
[Trait("Category", "Cluster")]
public sealed class RootDistributionTests(ApiServer api) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task Namespaces_that_refuse_the_roots_do_not_delay_the_others()
    {
        using var client = api.Connect();
        for (var i = 0; i < 8; i++)
        {
            await api.KubectlAsync(
                $"apiVersion: v1\nkind: Namespace\nmetadata: {{name: refuses-{i}}}\n---\napiVersion: v1\nkind: ResourceQuota\n"
                + $"metadata: {{name: none, namespace: refuses-{i}}}\nspec: {{hard: {{count/configmaps: '0'}}}}", "apply");
            // The books that a quota controller would keep: none allowed, none there.
            await client.PatchStatusAsync(
                (await client.Discovery.FindAsync("", "ResourceQuota", CancellationToken.None))!, new ObjectKey($"refuses-{i}", "none"),
                JsonNode.Parse("""{"hard":{"count/configmaps":"0"},"used":{"count/configmaps":"0"}}""")!, CancellationToken.None);
        }
        var options = new ControlPlaneOptions();
        var authority = new CertificateAuthority(options, TimeProvider.System);
        authority.Use(CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Ec256, DateTimeOffset.UtcNow, TimeSpan.FromDays(10)));
        using var stop = new CancellationTokenSource();
        var namespaces = new Informer<Namespace>(client, Namespace.Resource);
        var following = namespaces.RunAsync(stop.Token);
        var distribution = new RootDistribution(client, namespaces, authority, options, TimeProvider.System, new Random(1), NullLogger.Instance);
        var running = distribution.RunAsync(stop.Token);
        await UntilAsync(() => HasRootsAsync(client, "default"), TimeSpan.FromSeconds(30));

        for (var i = 0; i < 3; i++)
        {
            await api.KubectlAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: late-{i}}}", "apply");
            await UntilAsync(() => HasRootsAsync(client, $"late-{i}"), TimeSpan.FromSeconds(4)); // Eight refusals of two seconds each stood before.
        }
        Assert.False(await HasRootsAsync(client, "refuses-0"));

        // One that gives in gets its roots without anybody's doing.
        await api.KubectlAsync("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: refuses-0}", "delete");
        await UntilAsync(() => HasRootsAsync(client, "refuses-0"), TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await Task.WhenAll(running, following);
    }

    private static async Task<bool> HasRootsAsync(KubernetesClient client, string ns) =>
        await client.FindAsync(ConfigMap.Resource, new ObjectKey(ns, "istio-ca-root-cert"), CancellationToken.None) is not null;

    private static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        while (!await condition()) await Task.Delay(50, limit.Token);
    }
}
