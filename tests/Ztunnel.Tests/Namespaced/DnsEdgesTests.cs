using Mesh.Dns;
using Mesh.Ztunnel.Tests.Dns;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>Beginnings and ends: each test has a process of its own.</summary>
[Trait("Category", "Kernel")]
public sealed class DnsEdgesTests
{
    private static DnsPod Start(string workload = "shop/client/client", string? prepare = null, params (string Name, string Value)[] variables)
    {
        var pod = new DnsPod(workload, prepare, variables);
        if (pod.Missing is not { } missing) return pod;
        pod.Dispose();
        Assert.Skip(missing);
        return pod;
    }

    [Fact]
    public void A_pod_that_the_mesh_does_not_know_is_told_to_ask_again_after_the_wait()
    {
        using var pod = Start("shop/stranger/stranger", null, ("MESH_WORKLOAD_WAIT", "500ms"));
        foreach (var isTcp in new[] { false, true })
        {
            var (header, records) = Messages.Read(pod.Ask(DnsPod.ClusterDns, 53, Messages.Query("web.shop.svc.cluster.local", id: 99), isTcp));
            Assert.Equal((99, DnsResponseCode.ServerFailure, 1), ((int)header.Id, header.ResponseCode, (int)header.Questions));
            Assert.Empty(records);
        }

        Assert.Empty(pod.Server.Heard); // Nothing leaves for a pod without an identity.
        Assert.Contains("source_canonical_service=\"unknown\"", pod.Pod.Http(15020, "GET /metrics"));
    }

    [Fact]
    public async Task A_question_that_is_open_when_the_end_comes_is_still_answered()
    {
        using var pod = Start();
        var answer = pod.Pod.Namespace.RunAsync(() => pod.Ask(DnsPod.ClusterDns, 53, Messages.Query("slow.example.net"), isTcp: false));
        Shell.WaitFor("the question", () => !pod.Server.Heard.IsEmpty);
        pod.Pod.Terminate();
        Assert.Equal("192.0.2.1", Assert.Single(Messages.Read(await answer).Records).Data);
        Shell.WaitFor("the end of the process", () => pod.Pod.ExitCode is not null);
        Assert.Equal(0, pod.Pod.ExitCode);
    }

    [Fact]
    public void Another_address_to_answer_at_and_another_cluster_domain_are_respected()
    {
        using var pod = Start("shop/client/client", null, ("ISTIO_META_DNS_PROXY_ADDR", "127.0.0.1:5353"), ("CLUSTER_DOMAIN", "corp.internal"));
        Assert.Equal("192.0.2.1", Assert.Single(Messages.Read(pod.Ask("127.0.0.1", 5353, Messages.Query("web"), isTcp: false)).Records).Data);
        var known = Messages.Read(pod.Ask("127.0.0.1", 5353, Messages.Query("web.shop.svc.cluster.local"), isTcp: true)).Records;
        Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], known);
    }

    [Fact]
    public void Without_capture_nobody_answers_and_nothing_waits_for_it()
    {
        using var pod = Start("shop/client/client", null, ("ISTIO_META_DNS_CAPTURE", "false"));
        Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => pod.Ask("127.0.0.1", 15053, Messages.Query("web"), isTcp: true));
    }

    [Fact]
    public void A_pod_without_IPv6_on_its_loopback_is_answered_over_IPv4()
    {
        using var pod = Start(prepare: "sysctl -qw net.ipv6.conf.lo.disable_ipv6=1");
        Assert.Equal("10.96.1.1", Assert.Single(Messages.Read(pod.Ask("127.0.0.1", 15053, Messages.Query("web"), isTcp: false)).Records).Data);
        Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => pod.Ask("::1", 15053, Messages.Query("web"), isTcp: true));
    }
}
