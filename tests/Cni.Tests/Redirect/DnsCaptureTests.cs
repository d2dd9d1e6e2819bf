using System.Net;
using System.Net.Sockets;
using Mesh.Cni.Redirect;
using Mesh.Dns;
using Mesh.Linux.Namespaces;
using Mesh.Ztunnel.Tests.Dns;

namespace Mesh.Cni.Tests.Redirect;

/// <summary>The agent's rules and the real ztunnel together: who hears an application's question.</summary>
[Trait("Category", "Kernel")]
public sealed class DnsCaptureTests
{
    private static readonly RedirectSettings Capturing = new() { CapturesDns = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Questions_of_a_pod_are_answered_by_ztunnel_and_what_it_asks_on_reaches_the_name_server_once(bool v6)
    {
        await using var world = PodWorld.CreateOrSkip();
        SkipWithout("/usr/bin/unshare");
        await PodRedirect.EnsureAsync(world.Pod, Capturing);
        using var server = world.Node.Run(() => new NameServer(Answer, PodWorld.NodeV4, 53));
        using var ztunnel = new ZtunnelProcess(world.Pod, PodWorld.PodV4, PodWorld.NodeV4);
        // Nobody listens at the IPv6 address: that it answers shows that the question never got there.
        var dns = v6 ? PodWorld.NodeV6 : PodWorld.NodeV4;
        foreach (var isTcp in new[] { false, true })
        {
            var mesh = Messages.Read(Ask(world.Pod, dns, Messages.Query("web.shop.svc.cluster.local"), isTcp));
            Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], mesh.Records);
            Assert.DoesNotContain(server.Heard, heard => NameOf(heard.Question).StartsWith("web.", StringComparison.Ordinal));

            var name = $"t{isTcp}.example.net".ToLowerInvariant();
            var other = Messages.Read(Ask(world.Pod, dns, Messages.Query(name), isTcp));
            Assert.Equal("192.0.2.1", Assert.Single(other.Records).Data);
            var heard = Assert.Single(server.Heard, heard => NameOf(heard.Question) == name + ".");
            Assert.Equal(PodWorld.PodV4, heard.From.Address); // As the pod, so that its network policy holds for it.
        }
    }

    [Fact]
    public async Task A_question_from_the_very_port_that_asked_before_is_captured_again()
    {
        await using var world = PodWorld.CreateOrSkip();
        SkipWithout("/usr/bin/unshare");
        await PodRedirect.EnsureAsync(world.Pod, Capturing);
        using var server = world.Node.Run(() => new NameServer(Answer, PodWorld.NodeV4, 53));
        using var ztunnel = new ZtunnelProcess(world.Pod, PodWorld.PodV4, PodWorld.NodeV4);
        for (var i = 0; i < 3; i++)
        {
            var answer = Ask(world.Pod, PodWorld.NodeV4, Messages.Query($"n{i}.example.net"), isTcp: false, port: 33333);
            Assert.Equal("192.0.2.1", Assert.Single(Messages.Read(answer).Records).Data);
        }

        Assert.Equal(3, server.Heard.Count);
        Assert.DoesNotContain(server.Heard, heard => heard.From.Port == 33333);
    }

    [Fact]
    public async Task With_capture_off_a_pods_questions_go_straight_to_the_name_server()
    {
        await using var world = PodWorld.CreateOrSkip();
        SkipWithout("/usr/bin/unshare");
        await PodRedirect.EnsureAsync(world.Pod, Capturing);
        await PodRedirect.EnsureAsync(world.Pod, new RedirectSettings());
        using var server = world.Node.Run(() => new NameServer(Answer, PodWorld.NodeV4, 53));
        using var ztunnel = new ZtunnelProcess(world.Pod, PodWorld.PodV4, PodWorld.NodeV4);
        var answer = Ask(world.Pod, PodWorld.NodeV4, Messages.Query("web.shop.svc.cluster.local"), isTcp: false, port: 33334);
        Assert.Equal("192.0.2.1", Assert.Single(Messages.Read(answer).Records).Data);
        Assert.Equal(33334, Assert.Single(server.Heard).From.Port);
    }

    private static void SkipWithout(string tool)
    {
        if (!File.Exists(tool)) Assert.Skip($"needs {tool}");
    }

    private static IEnumerable<byte[]> Answer(byte[] question, bool isTcp) => [Messages.Reply(question, addresses: [192, 0, 2, 1])];

    private static string NameOf(byte[] question) => DnsQuery.TryRead(question, out var query) == DnsQueryRead.Complete ? DnsName.Describe(query.Name) : "";

    private static byte[] Ask(NetworkNamespace pod, IPAddress server, byte[] question, bool isTcp, int port = 0) => pod.Run(() =>
    {
        using var socket = isTcp
            ? new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        (socket.ReceiveTimeout, socket.SendTimeout) = (10_000, 10_000);
        if (port != 0) socket.Bind(new IPEndPoint(server.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port));
        socket.Connect(server, 53);
        socket.Send(isTcp ? [(byte)(question.Length >> 8), (byte)question.Length, .. question] : question);
        var answer = new byte[4096];
        var length = socket.Receive(answer);
        if (!isTcp) return answer[..length];
        while (length < 2 || length < 2 + ((answer[0] << 8) | answer[1])) length += socket.Receive(answer.AsSpan(length));
        return answer[2..length];
    });
}
