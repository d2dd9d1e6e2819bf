namespace Mesh.Identity.Tests;

public sealed class SpiffeIdTests
{
    [Fact]
    public void An_id_reads_and_writes_the_same_text()
    {
        var id = SpiffeId.TryParse("spiffe://cluster.local/ns/shop/sa/cart");
        Assert.Equal(new SpiffeId("cluster.local", "shop", "cart"), id);
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/cart", id!.ToString());
        Assert.Equal("cluster.local/ns/shop/sa/cart", id.Principal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("spiffe://")]
    [InlineData("SPIFFE://cluster.local/ns/a/sa/b")]
    [InlineData("spiffe://cluster.local/ns/a/sa/b/c")]
    [InlineData("spiffe://cluster.local/ns/a/sa")]
    [InlineData("spiffe://cluster.local/ns/a/sa/")]
    [InlineData("spiffe://cluster.local/ns//sa/b")]
    [InlineData("spiffe:///ns/a/sa/b")]
    [InlineData("spiffe://cluster.local/sa/a/ns/b")]
    [InlineData("spiffe://cluster.local/ns/a b/sa/c")]
    [InlineData("spiffe://cluster.local/ns/../sa/c")]
    [InlineData("spiffe://cluster.local/ns/a\"/sa/c")]
    [InlineData("spiffe://cluster.local/ns/a\0/sa/c")]
    [InlineData("spiffe://cluster.local/ns/a/sa/c?x")]
    public void Anything_else_is_not_an_id(string text) => Assert.Null(SpiffeId.TryParse(text));

    [Fact]
    public void A_text_longer_than_the_standard_allows_is_not_an_id() =>
        Assert.Null(SpiffeId.TryParse("spiffe://cluster.local/ns/a/sa/" + new string('x', SpiffeId.LengthMax)));
}
