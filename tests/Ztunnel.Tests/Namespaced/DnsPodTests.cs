using System.Diagnostics;
using Mesh.Dns;
using Mesh.Ztunnel.Tests.Dns;

namespace Mesh.Ztunnel.Tests.Namespaced;

/// <summary>The real process in a real namespace, asked through real redirection.</summary>
[Trait("Category", "Kernel")]
public sealed class DnsPodTests(DnsPod pod) : IClassFixture<DnsPod>
{
    private (DnsHeader Header, List<(DnsType Type, uint Ttl, string Data)> Records) Ask(
        string name, DnsType type = DnsType.A, bool isTcp = false, string server = DnsPod.ClusterDns, int port = 53, DnsEdns? edns = null)
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        return Messages.Read(pod.Ask(server, port, Messages.Query(name, type, edns: edns), isTcp));
    }

    private int HeardOf(string name, DnsType type = DnsType.A) => pod.Server.Heard.Count(heard =>
        DnsQuery.TryRead(heard.Question, out var query) == DnsQueryRead.Complete && query.Type == type && DnsName.Describe(query.Name) == name + ".");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_captured_question_about_the_mesh_is_answered_by_the_mesh(bool isTcp)
    {
        var (header, records) = Ask("web.shop.svc.cluster.local", isTcp: isTcp);
        Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], records);
        Assert.True((header.Flags & DnsFlags.Authoritative) != DnsFlags.None);
        Assert.Equal(0, HeardOf("web.shop.svc.cluster.local"));
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", false)]
    [InlineData("::1", true)]
    public void Both_loopback_addresses_answer_on_both_transports(string server, bool isTcp) =>
        Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], Ask("web", isTcp: isTcp, server: server, port: 15053).Records);

    [Fact]
    public void Pods_of_a_headless_service_have_names_of_their_own()
    {
        Assert.Equal([(DnsType.A, 30u, "10.93.7.1")], Ask("db.shop.svc.cluster.local").Records);
        Assert.Equal([(DnsType.A, 30u, "10.93.7.1")], Ask("db-0.db.shop.svc.cluster.local").Records);
        Assert.Equal([(DnsType.Aaaa, 30u, "fd93::1")], Ask("db-0.db.shop.svc.cluster.local", DnsType.Aaaa).Records);
    }

    [Fact]
    public void A_family_the_service_does_not_have_is_answered_with_nothing_and_not_asked_for_elsewhere()
    {
        var (header, records) = Ask("web.shop.svc.cluster.local", DnsType.Aaaa);
        Assert.Equal(DnsResponseCode.NoError, header.ResponseCode);
        Assert.Empty(records);
        Assert.Equal(0, HeardOf("web.shop.svc.cluster.local", DnsType.Aaaa));
    }

    [Fact]
    public void A_search_suffix_makes_an_alias() =>
        Assert.Equal([(DnsType.Cname, 30u, "api.example.com."), (DnsType.A, 30u, "240.240.0.1")], Ask("api.example.com.shop.svc.cluster.local").Records);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_other_question_reaches_the_name_server_once_and_is_remembered(bool isTcp)
    {
        var name = $"www{isTcp}.example.net".ToLowerInvariant();
        Assert.Equal("192.0.2.1", Assert.Single(Ask(name, isTcp: isTcp).Records).Data);
        Assert.Equal("192.0.2.1", Assert.Single(Ask(name, isTcp: isTcp).Records).Data);
        Assert.Equal(1, HeardOf(name)); // Once: neither a loop nor a second question.
        Assert.All(pod.Server.Heard, heard => Assert.Equal("10.93.0.1", heard.From.Address.ToString())); // From the pod.
        pod.Pod.WaitForLine("\tdebug\tdns\tdns request", $"name=\"{name}.\"", "answered_by=\"upstream\"", "src.workload=\"client\"");
        pod.Pod.WaitForLine("\tdebug\tdns\tdns request", $"name=\"{name}.\"", "answered_by=\"cache\"");
    }

    [Fact]
    public void Other_types_are_asked_for_elsewhere_even_for_names_of_the_mesh()
    {
        Assert.Empty(Ask("web.shop.svc.cluster.local", DnsType.Srv).Records);
        Assert.Equal(1, HeardOf("web.shop.svc.cluster.local", DnsType.Srv));
    }

    [Fact]
    public void No_such_name_is_passed_on() => Assert.Equal(DnsResponseCode.NameError, Ask("no.example.net").Header.ResponseCode);

    [Fact]
    public void An_answer_too_long_for_a_datagram_comes_over_TCP()
    {
        Assert.True(Ask("big.example.net").Header.IsTruncated); // 512 octets do not hold it.
        Assert.Equal(100, Ask("big.example.net", isTcp: true).Records.Count);
        Assert.Equal(101, Ask("big.example.net", edns: new DnsEdns(4096, 0, false)).Records.Count + 1);
    }

    [Fact]
    public void When_nobody_answers_the_client_is_told() => Assert.Equal(DnsResponseCode.ServerFailure, Ask("silent.example.net").Header.ResponseCode);

    [Fact]
    public void Garbage_and_what_is_no_question_are_refused_and_do_no_harm()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        var question = Messages.Query("web");
        byte[] response = [.. question];
        response[2] |= 0x80;
        Assert.Equal(DnsResponseCode.FormatError, Messages.Read(pod.Ask(DnsPod.ClusterDns, 53, response, isTcp: false)).Header.ResponseCode);
        byte[] update = [.. question];
        update[2] |= 5 << 3;
        Assert.Equal(DnsResponseCode.NotImplemented, Messages.Read(pod.Ask(DnsPod.ClusterDns, 53, update, isTcp: false)).Header.ResponseCode);
        var garbage = new byte[2000];
        new Random(1).NextBytes(garbage);
        pod.Pod.Namespace.Run(() =>
        {
            using var socket = new System.Net.Sockets.UdpClient("127.0.0.1", 15053);
            for (var length = 0; length < garbage.Length; length += 7) socket.Send(garbage, length);
        });
        Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], Ask("web").Records);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 1, 2, 3 })] // More than any question has.
    [InlineData(new byte[] { 0, 5, 1, 2, 3, 4, 5 })] // Less than a header.
    public void A_TCP_client_that_makes_no_sense_is_closed(byte[] bytes)
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        using var client = pod.Pod.Connect("127.0.0.1", 15053);
        client.Send(bytes);
        Assert.Equal("", Shell.ReadToEnd(client));
    }

    [Fact]
    public void A_TCP_client_may_ask_again_on_its_connection_and_is_closed_when_it_is_idle()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        using var client = pod.Pod.Connect("127.0.0.1", 15053);
        var question = Messages.Query("web");
        for (var i = 0; i < 2; i++)
        {
            client.Send([0, (byte)question.Length, .. question]);
            var answer = new byte[512];
            var length = client.Receive(answer);
            while (length < 2 || length < 2 + answer[1]) length += client.Receive(answer.AsSpan(length));
            Assert.Equal([(DnsType.A, 30u, "10.96.1.1")], Messages.Read(answer[2..length]).Records);
        }

        var began = Stopwatch.GetTimestamp();
        Assert.Equal("", Shell.ReadToEnd(client));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void Questions_are_counted_by_type_transport_and_source()
    {
        Ask("counted.example.net");
        Ask("counted.example.net", isTcp: true);
        var metrics = pod.Pod.Http(15020, "GET /metrics");
        const string Source = "source_canonical_service=\"client\",source_canonical_revision=\"v1\"";
        Assert.Contains($"istio_dns_requests_total{{request_query_type=\"a\",request_protocol=\"udp\",{Source}}}", metrics);
        Assert.Contains($"istio_dns_requests_total{{request_query_type=\"a\",request_protocol=\"tcp\",{Source}}}", metrics);
        Assert.Contains($"istio_dns_upstream_requests_total{{request_query_type=\"a\",request_protocol=\"udp\",{Source}}}", metrics);
        Assert.Contains("istio_dns_upstream_request_duration_seconds_bucket{", metrics);
        Assert.Contains("le=\"0.0005\"", metrics);
    }

    [Fact]
    public void Many_clients_at_once_are_all_answered()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        var answers = Enumerable.Range(0, 64).AsParallel().WithDegreeOfParallelism(16)
            .Select(i => Ask(i % 2 == 0 ? "web" : $"many{i}.example.net", isTcp: i % 3 == 0).Records.Single().Data).ToArray();
        Assert.Equal(32, answers.Count(answer => answer == "10.96.1.1"));
        Assert.Equal(32, answers.Count(answer => answer == "192.0.2.1"));
    }

    [Fact]
    public void The_well_known_client_understands_the_answers()
    {
        if (pod.Missing is { } missing) Assert.Skip(missing);
        if (!Shell.Has("dig")) Assert.Skip("needs dig (Debian: bind9-dnsutils)");
        var said = pod.Pod.Namespace.Run(() =>
        {
            using var process = Process.Start(new ProcessStartInfo("dig", [$"@{DnsPod.ClusterDns}", "+time=5", "api.example.com", "A"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            return process.StandardOutput.ReadToEnd();
        });
        Assert.Contains("status: NOERROR", said);
        Assert.Contains("IN\tA\t240.240.0.1", said);
        Assert.DoesNotContain("WARNING", said);
    }
}
