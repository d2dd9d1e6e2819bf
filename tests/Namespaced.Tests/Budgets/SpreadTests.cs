using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Hostile;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Budgets;

/// <summary>One node's few peers use all of its processors, whatever chance the kernel's hash has.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class SpreadTests(Site site) : IClassFixture<Site>
{
    private const int Tunnels = 12;

    [Fact]
    public async Task Tunnels_of_peers_are_spread_evenly_over_the_workers_and_counted_out_at_their_end()
    {
        site.SkipIfImpossible();
        using var certificate = Enemy.CertificateOf(site);
        var tunnels = new List<Enemy>();
        for (var i = 0; i < Tunnels; i++) tunnels.Add(await Enemy.ConnectAsync(site, certificate, [.. Frames.Preface, .. Frames.Settings(), .. Frames.SettingsAck]));

        var workers = (int)site.Server.Metrics.Sum("mesh_workers");
        var each = Enumerable.Range(0, Math.Max(workers, 1)).Select(worker => OnWorker(worker)).ToList();
        Assert.Equal(Tunnels, each.Sum());
        Assert.True(each.Max() - each.Min() <= 1, $"tunnels per worker: {string.Join(", ", each)}");

        foreach (var tunnel in tunnels) await tunnel.DisposeAsync();
        Shell.WaitFor("the end of all tunnels", () => site.Server.Metrics.Sum("mesh_inbound_tunnels") == 0);
    }

    private double OnWorker(int worker) => site.Server.Metrics.Sum("mesh_inbound_tunnels", $"worker=\"ztunnel-{worker}\"");
}
