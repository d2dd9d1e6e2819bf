using Mesh.Linux.Sockets;
using Mesh.Ztunnel.Dns;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Tests.Dns;

public sealed class ResolvConfTests
{
    [Fact]
    public void Name_servers_and_the_last_search_list_are_read()
    {
        var read = ResolvConf.Parse("# made by hand\nsearch a.example\nnameserver 10.96.0.10\n nameserver\tfd00::a ; the second\noptions ndots:5\nsearch shop.svc.cluster.local svc.cluster.local\nnonsense\nnameserver x\n");
        Assert.Equal(["10.96.0.10:53", "[fd00::a]:53"], read.Servers.Select(server => server.ToString()));
        Assert.Equal(["shop.svc.cluster.local", "svc.cluster.local"], read.Search);
    }

    [Theory]
    [InlineData("search shop.svc.corp.internal svc.corp.internal corp.internal", "corp.internal")]
    [InlineData("search shop.svc.corp.internal. svc.corp.internal. corp.internal. example.com", "corp.internal")]
    [InlineData("search svc.example.com example.org", null)] // Somebody's own domain, not a kubelet's list.
    [InlineData("search svc.", null)]
    [InlineData("", null)]
    public void The_clusters_domain_is_what_the_kubelet_wrote(string text, string? domain) => Assert.Equal(domain, ResolvConf.Parse(text).ClusterDomain);

    [Fact]
    public void Three_name_servers_are_enough()
    {
        var read = ResolvConf.Parse(string.Concat(Enumerable.Range(1, 9).Select(i => $"nameserver 10.0.0.{i}\n")));
        Assert.Equal(3, read.Servers.Length);
    }

    [Fact]
    public void A_missing_file_is_a_problem_and_no_exception()
    {
        var (settings, problem) = ResolvConf.Read("/nowhere/resolv.conf");
        Assert.Empty(settings.Servers);
        Assert.Contains("/nowhere/resolv.conf", problem);
    }

    [Theory]
    [InlineData(null, "127.0.0.1:15053,[::1]:15053")]
    [InlineData("localhost:5353", "127.0.0.1:5353,[::1]:5353")]
    [InlineData("10.0.0.1:53", "10.0.0.1:53")]
    [InlineData("[::]:53", "[::]:53")]
    [InlineData("10.0.0.1", null)]
    [InlineData("::1", null)]
    [InlineData("localhost", null)]
    [InlineData("localhost:x", null)]
    [InlineData("here:53", null)]
    public void Where_to_answer_is_read(string? text, string? expected) =>
        Assert.Equal(expected, DnsListenAddress.Parse(text) is { } addresses ? string.Join(',', addresses.Select(address => address.ToString())) : null);
}
