using System.Net;
using Mesh.Model.Snapshot;

namespace Mesh.Model.Tests.Snapshot;

public sealed class MeshSnapshotTests
{
    [Fact]
    public void Of_workloads_that_share_an_address_a_pod_that_speaks_HBONE_is_found_first()
    {
        var entry = MeshOf.Pod("entry", "10.0.0.1") with { Uid = "cluster/networking.istio.io/WorkloadEntry/shop/entry" };
        var plain = MeshOf.Pod("plain", "10.0.0.1", protocol: TunnelProtocol.None);
        var pod = MeshOf.Pod("pod", "10.0.0.1");
        Assert.Equal("plain", MeshOf.Snapshot(entry, plain).FindWorkload("", MeshOf.Ip("10.0.0.1"))!.Name);
        Assert.Equal("pod", MeshOf.Snapshot(entry, plain, pod).FindWorkload("", MeshOf.Ip("10.0.0.1"))!.Name);
    }

    [Fact]
    public void Addresses_belong_to_their_network_and_mapped_ones_are_the_same()
    {
        var mesh = MeshOf.Snapshot(MeshOf.Pod("a", "10.0.0.1"), MeshOf.Pod("b", "10.0.0.1") with { Network = "west" });
        Assert.Equal("a", mesh.FindWorkload("", MeshOf.Ip("::ffff:10.0.0.1"))!.Name);
        Assert.Equal("b", mesh.FindWorkload("west", MeshOf.Ip("10.0.0.1"))!.Name);
        Assert.Null(mesh.FindWorkload("east", MeshOf.Ip("10.0.0.1")));
    }

    [Theory]
    [InlineData("shop", "own")]
    [InlineData("elsewhere", "canonical")]
    public void Of_services_that_share_an_address_the_own_namespace_wins_then_the_canonical_one(string clientNamespace, string expected)
    {
        var mesh = MeshOf.Snapshot(
            MeshOf.Service("a-first", "10.96.0.1", ns: "aaa"),
            MeshOf.Service("canonical", "10.96.0.1", ns: "bbb") with { Canonical = true },
            MeshOf.Service("own", "10.96.0.1", ns: "shop"));
        Assert.Equal(expected, mesh.FindService("", MeshOf.Ip("10.96.0.1"), clientNamespace)!.Service!.Name);
    }

    [Fact]
    public void An_exact_address_wins_over_a_range_and_the_longest_range_over_shorter_ones()
    {
        static Service Range(string name, string address, int length) =>
            MeshOf.Service(name, "") with { Addresses = [new VirtualAddress("", IPAddress.Parse(address), length)] };
        var mesh = MeshOf.Snapshot(Range("wide", "10.96.0.0", 16), Range("narrow", "10.96.1.0", 24), MeshOf.Service("exact", "10.96.1.1"));
        Assert.Equal("exact", mesh.FindService("", MeshOf.Ip("10.96.1.1"), "shop")!.Service!.Name);
        Assert.Equal("narrow", mesh.FindService("", MeshOf.Ip("10.96.1.2"), "shop")!.Service!.Name);
        Assert.Equal("wide", mesh.FindService("", MeshOf.Ip("10.96.2.1"), "shop")!.Service!.Name);
        Assert.Null(mesh.FindService("", MeshOf.Ip("10.97.0.1"), "shop"));
    }

    [Fact]
    public void Workloads_may_come_before_their_service()
    {
        var api = MeshOf.Service("api", "10.96.0.1");
        var builder = new MeshSnapshotBuilder();
        builder.Set(MeshOf.Pod("api-1", "10.0.0.1").Backs(api));
        Assert.Null(builder.Freeze().FindService(api.Key));
        builder.Set(api);
        Assert.Single(builder.Freeze().FindService(api.Key)!.Workloads);
        builder.RemoveAddress(api.Key.ToString());
        Assert.Null(builder.Freeze().FindService(api.Key));
        builder.Set(api);
        Assert.Single(builder.Freeze().FindService(api.Key)!.Workloads);
    }

    [Fact]
    public void A_snapshot_does_not_see_later_changes_and_shares_what_did_not_change()
    {
        var builder = new MeshSnapshotBuilder();
        builder.Set(MeshOf.Pod("a", "10.0.0.1"));
        builder.Set(MeshOf.Pod("b", "10.0.0.2"));
        var before = builder.Freeze();
        Assert.Same(before, builder.Freeze());
        builder.Apply(new MeshChange.WorkloadSet(MeshOf.Pod("a", "10.0.0.9")));
        builder.Apply(new MeshChange.AddressRemoved("nobody"));
        var after = builder.Freeze();
        Assert.NotNull(before.FindWorkload("", MeshOf.Ip("10.0.0.1")));
        Assert.Null(after.FindWorkload("", MeshOf.Ip("10.0.0.1")));
        Assert.Equal("a", after.FindWorkload("", MeshOf.Ip("10.0.0.9"))!.Name);
        Assert.Same(before.FindWorkload("", MeshOf.Ip("10.0.0.2")), after.FindWorkload("", MeshOf.Ip("10.0.0.2")));
    }

    [Theory]
    [InlineData("Kubernetes//Pod/shop/a")]
    [InlineData("odd")]
    [InlineData("ends/with/")]
    [InlineData("Kubernetes/networking.istio.io/WorkloadEntry/shop/other")]
    public void Any_uid_is_found_again_as_it_was_given(string uid)
    {
        var mesh = MeshOf.Snapshot(MeshOf.Pod("a", "10.0.0.1") with { Uid = uid });
        Assert.Equal(uid, mesh.FindWorkload(uid)!.Uid);
        Assert.Null(mesh.FindWorkload(uid + "x"));
    }

    [Fact]
    public void A_local_workload_is_found_by_name_and_account_on_its_node_only()
    {
        var builder = new MeshSnapshotBuilder("node-a");
        builder.Set(MeshOf.Pod("a", "10.0.0.1", account: "web"));
        builder.Set(MeshOf.Pod("b", "10.0.0.2") with { Node = "node-b" });
        var mesh = builder.Freeze();
        Assert.NotNull(mesh.FindLocalWorkload("shop", "a", "web"));
        Assert.NotNull(mesh.FindLocalWorkload("shop", "a", ""));
        Assert.Null(mesh.FindLocalWorkload("shop", "a", "db"));
        Assert.Null(mesh.FindLocalWorkload("shop", "b", "b"));
    }

    [Fact]
    public void Random_changes_leave_the_same_mesh_as_a_fresh_build()
    {
        var random = new Random(7);
        var builder = new MeshSnapshotBuilder();
        var live = new Dictionary<string, Workload>();
        var api = MeshOf.Service("api", "10.96.0.1");
        builder.Set(api);
        for (var step = 0; step < 5000; step++)
        {
            var number = random.Next(700);
            var pod = MeshOf.Pod($"p{number}", $"10.0.{random.Next(4)}.{random.Next(250)}");
            if (random.Next(2) == 0) pod = pod.Backs(api);
            if (random.Next(3) == 0)
            {
                builder.RemoveAddress(pod.Uid);
                live.Remove(pod.Uid);
            }
            else
            {
                builder.Set(pod);
                live[pod.Uid] = pod;
            }

            if (random.Next(50) == 0) builder.Freeze();
        }

        var mesh = builder.Freeze();
        var fresh = MeshOf.Snapshot([api, .. live.Values]);
        Assert.Equal(live.Count, mesh.WorkloadCount);
        Assert.Equal(live.Keys.Order(), mesh.Workloads.Select(w => w.Uid).Order());
        Assert.Equal(
            fresh.FindService(api.Key)!.Workloads.Select(w => w.Uid).Order(), mesh.FindService(api.Key)!.Workloads.Select(w => w.Uid).Order());
        foreach (var pod in live.Values)
        {
            var ip = Ip.From(pod.Addresses[0]);
            Assert.Equal(fresh.FindWorkload("", ip)!.Uid, mesh.FindWorkload("", ip)!.Uid);
        }
    }

    [Fact]
    public void A_hundred_thousand_workloads_stay_small()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var builder = new MeshSnapshotBuilder("node-0");
        for (var i = 0; i < 100_000; i++)
        {
            builder.Set(MeshOf.Pod($"app-{i / 10}-6f7d8c9b5d-{i:05}", $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}", $"ns{i / 10 % 200}", account: $"app-{i / 10}") with
            {
                Node = $"node-{i % 1000}",
                WorkloadName = $"app-{i / 10}",
                CanonicalName = $"app-{i / 10}",
            });
        }

        var mesh = builder.Freeze();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(100_000, mesh.WorkloadCount);
        Assert.True(bytes < 40_000_000, $"{bytes / 100_000} bytes per workload");
        GC.KeepAlive(builder);
    }
}
