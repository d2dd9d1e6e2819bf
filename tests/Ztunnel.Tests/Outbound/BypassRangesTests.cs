using System.Globalization;
using Mesh.Model;
using Mesh.Ztunnel.Outbound;

namespace Mesh.Ztunnel.Tests.Outbound;

public sealed class BypassRangesTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", 80, true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", 80, false)]
    [InlineData("10.1.2.3/32", "10.1.2.3", 65535, true)]
    [InlineData("10.1.2.3/32", "10.1.2.4", 1, false)]
    [InlineData("203.0.113.0/24:443", "203.0.113.9", 443, true)]
    [InlineData("203.0.113.0/24:443", "203.0.113.9", 444, false)]
    [InlineData("10.0.0.0/8, 203.0.113.0/24:443", "203.0.113.9", 443, true)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", 9, true)]
    [InlineData("2001:db8::/32:8000-8100", "2001:db8::1", 8100, true)]
    [InlineData("2001:db8::/32:8000-8100", "2001:db8::1", 8101, false)]
    [InlineData("2001:db8::/32", "32.1.13.184", 9, false)]
    [InlineData("0.0.0.0/0:53", "8.8.8.8", 53, true)]
    [InlineData("0.0.0.0/0:53", "2001:db8::1", 53, false)]
    [InlineData("*:5432", "198.51.100.1", 5432, true)]
    [InlineData("*:5432", "2001:db8::1", 5432, true)]
    [InlineData("*:5432", "198.51.100.1", 5433, false)]
    [InlineData("::ffff:10.0.0.0/8", "10.1.1.1", 1, true)]
    public void A_destination_is_covered_by_its_range_and_port(string ranges, string address, int port, bool isCovered)
    {
        var parsed = BypassRanges.TryParse(ranges, out var problem);
        Assert.NotNull(parsed);
        Assert.Empty(problem);
        Assert.True(Ip.TryParse(address, out var ip));
        Assert.Equal(isCovered, parsed.Covers(new IpPort(ip, (ushort)port)));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("10.0.0.0/33")]
    [InlineData("2001:db8::/129")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("/8")]
    [InlineData("ten/8")]
    [InlineData("10.0.0.0/8:0")]
    [InlineData("10.0.0.0/8:65536")]
    [InlineData("10.0.0.0/8:90-80")]
    [InlineData("10.0.0.0/8:")]
    [InlineData("10.0.0.0/8:80-")]
    [InlineData("10.0.0.0/8;11.0.0.0/8")]
    [InlineData("10.0.0.1:443")]
    public void What_is_no_range_is_named(string part)
    {
        Assert.Null(BypassRanges.TryParse("192.0.2.0/24, " + part, out var problem));
        Assert.StartsWith($"\"{part}\" is no range", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void There_is_a_bound()
    {
        static string Ranges(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"10.{i / 250}.{i % 250}.0/24")));
        Assert.NotNull(BypassRanges.TryParse(Ranges(BypassRanges.RangesMax), out _));
        Assert.Null(BypassRanges.TryParse(Ranges(BypassRanges.RangesMax + 1), out var problem));
        Assert.Equal("more than 256 ranges", problem);
    }

    [Fact]
    public void Nothing_is_covered_when_nothing_is_said() =>
        Assert.False(BypassRanges.None.Covers(new IpPort(Ip.LoopbackV4, 80)));
}
