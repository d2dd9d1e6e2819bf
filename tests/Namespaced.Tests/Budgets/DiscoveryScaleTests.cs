using Mesh.Namespaced.Tests.Harness;
using Mesh.Ztunnel.Tests.Namespaced;

namespace Mesh.Namespaced.Tests.Budgets;

/// <summary>A large mesh over xDS: what a node's proxy needs to know it all.</summary>
[Trait("Category", "Kernel")]
[Collection(Alone.Name)]
public sealed class DiscoveryScaleTests
{
    private const int Workloads = 100_000;
    private const double ResidentMibMax = 80;

    [Fact]
    public async Task A_hundred_thousand_workloads_over_discovery_fit_into_eighty_mebibytes()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ZTUNNEL_BIN"))) Assert.Skip("the budget is the published program's: name it in ZTUNNEL_BIN");
        await using var site = new Site { Crowd = Workloads };
        var begin = TimeProvider.System.GetTimestamp();
        await site.InitializeAsync();
        site.SkipIfImpossible();
        var ready = TimeProvider.System.GetElapsedTime(begin);

        var resident = site.Client.Sample.RssMib;
        Shell.WaitFor("memory of the start given back", () => (resident = site.Client.Sample.RssMib) <= ResidentMibMax);

        Console.WriteLine($"scale: {Workloads} workloads over xDS to two proxies, site and all ready in {ready.TotalSeconds:0.00} s, "
            + $"{resident:0.0} MiB resident, {site.Client.Sample.CpuSeconds:0.00} s of processor time");
        Assert.InRange(resident, 0, ResidentMibMax);
    }
}
