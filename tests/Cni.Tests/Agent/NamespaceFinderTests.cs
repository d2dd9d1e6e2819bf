using System.Net;
using Mesh.Cni.Agent;
using Mesh.Cni.Tests.Redirect;
using Mesh.Linux.Namespaces;

namespace Mesh.Cni.Tests.Agent;

public sealed class NamespaceFinderTests
{
    private const string Uid = "8f3c1a2b-1111-2222-3333-444455556666";
    private const string Bare = "8f3c1a2b111122223333444455556666";

    [Theory]
    [InlineData("0::/kubepods/burstable/pod8f3c1a2b-1111-2222-3333-444455556666/abc123", Bare)]
    [InlineData("0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod8f3c1a2b_1111_2222_3333_444455556666.slice/cri-containerd-abc.scope", Bare)]
    [InlineData("0::/../../../pod8f3c1a2b-1111-2222-3333-444455556666/abc123", Bare)]
    [InlineData("0::/kubelet/kubepods/pod8f3c1a2b111122223333444455556666/crio-abc.scope", Bare)]
    [InlineData("0::/kubepods/besteffort/POD8f3c1a2b-1111-2222-3333-444455556666/x", null)]
    [InlineData("12:cpu:/kubepods/pod8f3c1a2b-1111-2222-3333-444455556666/c\n11:memory:/kubepods/pod8f3c1a2b-1111-2222-3333-444455556666/c\n0::/", Bare)]
    [InlineData("12:cpu:/kubepods/pod8f3c1a2b-1111-2222-3333-444455556666/c\n11:memory:/kubepods/pod00000000-1111-2222-3333-444455556666/c", null)]
    [InlineData("0::/kubepods/burstable/pod8f3c1a2b-1111-2222-3333-444455556666", null)]
    [InlineData("0::/system.slice/kubelet.service", null)]
    [InlineData("0::/podman/abc", null)]
    [InlineData("0::/tripod8f3c1a2b-1111-2222-3333-444455556666/abc", null)]
    [InlineData("0::/pod8f3c1a2b-1111-2222-3333-4444555566667/abc", null)]
    [InlineData("", null)]
    public void The_pod_of_a_process_is_read_from_its_control_groups(string file, string? expected) => Assert.Equal(expected, CgroupPodId.Find(file));

    [Fact]
    public void A_start_time_is_read_behind_the_last_parenthesis()
    {
        Assert.True(NamespaceFinder.TryReadStartTime("42 (evil) 1 2 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20", out var start));
        Assert.Equal(777ul, start);
        Assert.False(NamespaceFinder.TryReadStartTime("42 (x", out _));
        Assert.False(NamespaceFinder.TryReadStartTime("42 (x) S 1", out _));
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task The_oldest_process_in_a_namespace_with_the_pods_address_wins()
    {
        await using var world = PodWorld.CreateOrSkip();
        await using var foreign = PodWorld.CreateOrSkip();
        foreign.Pod.Run(() => PodWorld.Command("ip", $"addr del {PodWorld.PodV4}/24 dev eth0"));
        using var app = world.Pod.Run(() => System.Diagnostics.Process.Start("sleep", "30"));
        using var intruder = foreign.Pod.Run(() => System.Diagnostics.Process.Start("sleep", "30"));
        var host = NetworkNamespace.Own;
        var proc = Directory.CreateTempSubdirectory("proc");
        try
        {
            // A process that entered a foreign namespace (nsenter), a monitor in the host's, and the pod's own.
            Describe(proc, "100", start: 10, $"/proc/{intruder.Id}/ns/net");
            Describe(proc, "101", start: 5, "/proc/self/ns/net");
            Describe(proc, "102", start: 99, $"/proc/{app.Id}/ns/net");
            Directory.CreateDirectory(Path.Combine(proc.FullName, "sys"));
            Directory.CreateDirectory(Path.Combine(proc.FullName, "103")); // It ended while we looked.
            var finder = new NamespaceFinder(proc.FullName, host.Identity, TimeProvider.System);
            using var found = finder.Find(Uid, [PodWorld.PodV4]);
            Assert.Equal(world.Pod.Identity, found?.Identity);
            Assert.Null(finder.Find(Uid, [IPAddress.Parse("10.99.99.99")]));
            Assert.Null(finder.Find("00000000-0000-0000-0000-000000000000", [PodWorld.PodV4]));
        }
        finally
        {
            app.Kill();
            intruder.Kill();
            proc.Delete(recursive: true);
        }
    }

    private static void Describe(DirectoryInfo proc, string id, int start, string ns)
    {
        var folder = Directory.CreateDirectory(Path.Combine(proc.FullName, id));
        File.WriteAllText(Path.Combine(folder.FullName, "cgroup"), $"0::/kubepods/pod{Uid}/c{id}\n");
        File.WriteAllText(Path.Combine(folder.FullName, "stat"), $"{id} (app) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 {start} 20");
        Directory.CreateDirectory(Path.Combine(folder.FullName, "ns"));
        // A fake tree cannot hold namespace files, so its links point to the real ones.
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "ns", "net"), ns);
    }
}
