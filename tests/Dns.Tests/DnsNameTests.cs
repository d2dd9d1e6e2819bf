namespace Mesh.Dns.Tests;

public sealed class DnsNameTests
{
    private static bool Expand(byte[] message, int at, out string name, out int end)
    {
        Span<byte> wire = stackalloc byte[DnsName.WireBytesMax];
        var good = DnsName.TryExpand(message, at, wire, out var length, out end);
        name = good ? DnsName.Describe(wire[..length]) : "";
        return good;
    }

    [Theory]
    [InlineData("a")]
    [InlineData("web.default.svc.cluster.local")]
    [InlineData("_http._tcp.web-0.Example.COM")]
    [InlineData("*.example.com")]
    public void A_name_survives_the_wire(string name)
    {
        var wire = Messages.Name(name);
        Span<char> text = stackalloc char[DnsName.TextCharsMax];
        Assert.True(DnsName.TryToText(wire, text, out var length));
        Assert.Equal(name.ToLowerInvariant(), text[..length].ToString());
        Assert.Equal(name + ".", DnsName.Describe(wire));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("ü")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    public void Text_that_is_no_host_name_is_refused(string text) => Assert.False(DnsName.TryFromText(text, new byte[300], out _));

    [Fact]
    public void Labels_of_63_and_names_of_253_are_the_longest()
    {
        var label = new string('a', 63);
        Assert.True(DnsName.TryFromText(label, new byte[300], out _));
        Assert.False(DnsName.TryFromText(label + "a", new byte[300], out _));
        var longest = $"{label}.{label}.{label}.{new string('b', 61)}";
        Assert.Equal(253, longest.Length);
        var wire = Messages.Name(longest);
        Assert.Equal(DnsName.WireBytesMax, wire.Length);
        Assert.True(Expand([.. new byte[DnsHeader.Size], .. wire], DnsHeader.Size, out _, out var end));
        Assert.Equal(DnsHeader.Size + 255, end);
        Assert.False(DnsName.TryFromText(longest + "b", new byte[300], out _));
        // One octet more on the wire, in two labels that are short enough each.
        byte[] tooLong = [.. new byte[DnsHeader.Size], .. wire[..^1], 1, (byte)'x', 0];
        Assert.False(Expand(tooLong, DnsHeader.Size, out _, out _));
    }

    [Fact]
    public void A_pointer_leads_back_and_ends_the_field()
    {
        byte[] message = [.. new byte[DnsHeader.Size], .. Messages.Name("example.com"), 3, (byte)'w', (byte)'w', (byte)'w', 0xC0, DnsHeader.Size, 9];
        var at = DnsHeader.Size + 13;
        Assert.True(Expand(message, at, out var name, out var end));
        Assert.Equal(("www.example.com.", at + 6), (name, end));
    }

    [Theory]
    [InlineData(12)] // To itself.
    [InlineData(14)] // Forward.
    [InlineData(3)] // Into the header.
    public void A_pointer_that_does_not_lead_back_is_refused(byte target) =>
        Assert.False(Expand([.. new byte[DnsHeader.Size], 0xC0, target, 1, (byte)'a', 0], DnsHeader.Size, out _, out _));

    [Fact]
    public void Pointers_that_go_round_in_circles_are_refused()
    {
        // A label, then a pointer to the label before it: each round would add one more label.
        byte[] message = [.. new byte[DnsHeader.Size], 1, (byte)'a', 0xC0, DnsHeader.Size];
        Assert.False(Expand(message, DnsHeader.Size, out _, out _));
        Assert.False(Expand(message, DnsHeader.Size + 2, out _, out _));
    }

    [Fact]
    public void Case_does_not_tell_names_apart_but_length_octets_do()
    {
        Assert.True(DnsName.AreSame(Messages.Name("WWW.example.COM"), Messages.Name("www.EXAMPLE.com")));
        Assert.False(DnsName.AreSame(Messages.Name("ab.c"), Messages.Name("a.bc")));
    }

    [Fact]
    public void A_label_with_a_dot_in_it_is_no_host_name()
    {
        byte[] wire = [3, (byte)'a', (byte)'.', (byte)'b', 0];
        Assert.False(DnsName.TryToText(wire, new char[DnsName.TextCharsMax], out _));
        Assert.Equal(@"a\046b.", DnsName.Describe(wire));
        Assert.Equal(".", DnsName.Describe([0]));
    }
}
