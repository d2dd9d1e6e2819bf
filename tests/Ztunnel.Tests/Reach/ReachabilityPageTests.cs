using System.Text.Json;
using Mesh.Hbone;
using Mesh.Model;
using Mesh.Ztunnel.Admin;
using Mesh.Ztunnel.Reach;

namespace Mesh.Ztunnel.Tests.Reach;

public sealed class ReachabilityPageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static PeerReach Peer(string name, TunnelFailure failure = TunnelFailure.None, int inRow = 0, long reached = 0) => new()
    {
        From = "shop/cart",
        Address = IpPort.TryParse($"10.0.0.{name.Length}:15008")!.Value,
        Peer = $"shop/{name}",
        Node = "node-b",
        Reached = reached,
        LastReached = reached > 0 ? Noon : null,
        Failed = inRow,
        FailuresInRow = inRow,
        LastFailed = inRow > 0 ? Noon.AddSeconds(5) : null,
        LastFailure = failure,
        LastFailureText = inRow > 0 ? "details" : "",
    };

    [Fact]
    public void A_peer_that_answers_is_suspected_of_nothing() => Assert.Null(Peer("a", reached: 3).Suspicion);

    [Theory]
    [InlineData(TunnelFailure.DialTimeout, "NetworkPolicy")]
    [InlineData(TunnelFailure.DialRefused, "not enrolled")]
    [InlineData(TunnelFailure.TlsTimeout, "TLS")]
    [InlineData(TunnelFailure.TlsFailed, "roots")]
    [InlineData(TunnelFailure.WrongIdentity, "another workload")]
    [InlineData(TunnelFailure.Http2Failed, "no proxy")]
    [InlineData(TunnelFailure.ResponseTimeout, "application")]
    public void Each_failure_names_what_to_look_at(TunnelFailure failure, string word) =>
        Assert.Contains(word, Peer("a", failure, inRow: 2).Suspicion, StringComparison.Ordinal);

    [Fact]
    public void A_timeout_tells_whether_the_peer_ever_answered()
    {
        Assert.EndsWith("it never answered", Peer("a", TunnelFailure.DialTimeout, 1).Suspicion, StringComparison.Ordinal);
        Assert.EndsWith("it answered before", Peer("a", TunnelFailure.DialTimeout, 1, reached: 4).Suspicion, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_blocked_comes_first_then_what_fails_then_the_rest()
    {
        var joined = ReachabilityPage.Join([Peer("fine", reached: 1), Peer("refused", TunnelFailure.DialRefused, 1), Peer("blocked!", TunnelFailure.DialTimeout, 2)]);
        Assert.Equal(["shop/blocked!", "shop/refused", "shop/fine"], joined.Select(static peer => peer.Peer));
        var text = ReachabilityPage.RenderText(joined);
        Assert.StartsWith("BLOCKED  shop/cart -> shop/blocked! at 10.0.0.8:15008 on node-b  reached 0, last never; failed 2, last 2026-11-21T12:00:05Z", text, StringComparison.Ordinal);
        Assert.Contains("2 in a row: a NetworkPolicy or firewall blocks port 15008 between shop/cart and shop/blocked!; it never answered\n", text, StringComparison.Ordinal);
        Assert.EndsWith("3 peers, 2 not reached, of which 1 look blocked\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_carries_the_same()
    {
        using var page = JsonDocument.Parse(ReachabilityPage.RenderJson([Peer("blocked!", TunnelFailure.DialTimeout, 2)]));
        Assert.Equal(1, page.RootElement.GetProperty("blocked").GetInt32());
        var peer = page.RootElement.GetProperty("peers")[0];
        Assert.Equal("dial_timeout", peer.GetProperty("lastFailure").GetString());
        Assert.True(peer.GetProperty("blocked").GetBoolean());
        Assert.False(peer.TryGetProperty("lastReached", out _));
        Assert.Contains("NetworkPolicy", peer.GetProperty("suspicion").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_workers_experience_is_joined_and_the_later_one_decides_whether_it_answers()
    {
        var failed = Peer("a", TunnelFailure.DialTimeout, 2);
        var reached = Peer("a", reached: 5) with { LastReached = Noon.AddMinutes(1) };
        var joined = Assert.Single(ReachabilityPage.Join([failed, reached]));
        Assert.Equal((5L, 2L, 0), (joined.Reached, joined.Failed, joined.FailuresInRow));
        Assert.Equal((TunnelFailure.DialTimeout, Noon.AddSeconds(5)), (joined.LastFailure, joined.LastFailed));
        Assert.Null(joined.Suspicion);
        var both = Assert.Single(ReachabilityPage.Join([failed, failed]));
        Assert.Equal((4L, 4), (both.Failed, both.FailuresInRow));
        Assert.True(both.IsBlocked);
    }
}
