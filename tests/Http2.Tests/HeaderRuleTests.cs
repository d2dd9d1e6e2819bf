namespace Mesh.Http2.Tests;

/// <summary>RFC 9113, 8: a malformed message costs its stream, never the connection.</summary>
public sealed class HeaderRuleTests
{
    public static TheoryData<string, string[]> Malformed => new()
    {
        { "8.5 CONNECT with a scheme", [":method=CONNECT", ":authority=a:1", ":scheme=http"] },
        { "8.5 CONNECT with a path", [":method=CONNECT", ":authority=a:1", ":path=/"] },
        { "8.5 CONNECT without authority", [":method=CONNECT"] },
        { "8.5 CONNECT with an empty authority", [":method=CONNECT", ":authority="] },
        { "8.3.1 no method", [":authority=a:1"] },
        { "8.3.1 no path", [":method=GET", ":scheme=http"] },
        { "8.3.1 empty path", [":method=GET", ":scheme=http", ":path="] },
        { "8.3 twice the same", [":method=CONNECT", ":method=CONNECT", ":authority=a:1"] },
        { "8.3 twice the authority", [":method=CONNECT", ":authority=a:1", ":authority=b:1"] },
        { "8.3 pseudo behind regular", [":method=CONNECT", "x=1", ":authority=a:1"] },
        { "8.3 unknown pseudo", [":method=CONNECT", ":authority=a:1", ":protocol=websocket"] },
        { "8.3 pseudo of a response", [":method=CONNECT", ":authority=a:1", ":status=200"] },
        { "8.2 upper case", [":method=CONNECT", ":authority=a:1", "Baggage=x"] },
        { "8.2.1 space in a name", [":method=CONNECT", ":authority=a:1", "a b=x"] },
        { "8.2.1 empty name", [":method=CONNECT", ":authority=a:1", "=x"] },
        { "8.2.1 line feed in a value", [":method=CONNECT", ":authority=a:1", "a=x\ny"] },
        { "8.2.1 carriage return in a value", [":method=CONNECT", ":authority=a:1", "a=x\ry"] },
        { "8.2.1 zero in a value", [":method=CONNECT", ":authority=a:1", "a=x\0y"] },
        { "8.2.1 space before a value", [":method=CONNECT", ":authority=a:1", "a= x"] },
        { "8.2.1 tab behind a value", [":method=CONNECT", ":authority=a:1", "a=x\t"] },
        { "8.2.2 connection", [":method=CONNECT", ":authority=a:1", "connection=close"] },
        { "8.2.2 keep-alive", [":method=CONNECT", ":authority=a:1", "keep-alive=1"] },
        { "8.2.2 proxy-connection", [":method=CONNECT", ":authority=a:1", "proxy-connection=close"] },
        { "8.2.2 transfer-encoding", [":method=CONNECT", ":authority=a:1", "transfer-encoding=chunked"] },
        { "8.2.2 upgrade", [":method=CONNECT", ":authority=a:1", "upgrade=h2c"] },
        { "8.2.2 te", [":method=CONNECT", ":authority=a:1", "te=gzip"] },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_request_is_reset_and_never_shown(string rule, string[] fields)
    {
        var peer = Peer.OfServer().Say(Wire.Headers(1, false, Parse(fields)));
        Assert.Empty(peer.End.Seen.Requests);
        Assert.Equal((rule, 1L), (rule, peer.Engine.Counters.HeadersMalformed));
        peer.AssertReset(1, ErrorCode.ProtocolError);
        peer.Say(Wire.Connect(3));
        Assert.Equal([3], peer.End.Seen.Requests);
    }

    public static TheoryData<string[]> WellFormed => new()
    {
        { [":method=CONNECT", ":authority=a:1"] },
        { [":authority=[fd00::1]:80", ":method=CONNECT", "baggage=k=v,w=x", "forwarded=for=\"1.2.3.4:5\""] },
        { [":method=CONNECT", ":authority=a:1", "te=trailers", "x="] },
        { [":method=GET", ":scheme=https", ":path=/", ":authority=a"] },
        { [":method=OPTIONS", ":scheme=https", ":path=*"] },
    };

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void A_well_formed_request_is_shown(string[] fields)
    {
        var peer = Peer.OfServer().Say(Wire.Headers(1, false, Parse(fields)));
        Assert.Equal("request 1 " + string.Concat(fields.Select(f => f + ";")), peer.End.Seen.Lines[^1]);
    }

    [Theory]
    [InlineData(":status=20")]
    [InlineData(":status=2000")]
    [InlineData(":status=2x0")]
    [InlineData(":status=000")]
    [InlineData(":status=101")]
    [InlineData("x=1")]
    [InlineData(":status=200,:status=200")]
    [InlineData(":status=200,:path=/")]
    public void A_malformed_response_resets_its_stream(string fields)
    {
        var peer = Peer.OfClient();
        var stream = peer.End.Open();
        peer.Say(Wire.Headers(stream, false, Parse(fields.Split(','))));
        Assert.Equal([(stream, ErrorCode.ProtocolError, ResetReason.HeadersMalformed)], peer.End.Seen.Resets);
        peer.AssertReset(stream, ErrorCode.ProtocolError);
    }

    [Fact]
    public void Trailers_end_a_request_that_is_no_tunnel()
    {
        var peer = Peer.OfServer().Say(
            Wire.Headers(1, false, (":method", "POST"), (":scheme", "http"), (":path", "/")),
            Wire.Data(1, 3),
            Wire.Headers(1, true, ("grpc-status", "0")));
        Assert.Equal(["trailers 1 grpc-status=0;", "end 1"], peer.End.Seen.Lines[^2..]);
    }

    [Theory]
    [InlineData(false, "grpc-status=0")]
    [InlineData(true, ":path=/")]
    public void Trailers_must_end_the_stream_and_carry_no_pseudo_fields(bool end, string field)
    {
        var peer = Peer.OfServer().Say(Wire.Headers(1, false, (":method", "POST"), (":scheme", "http"), (":path", "/")), Wire.Headers(1, end, Parse([field])));
        peer.AssertReset(1, ErrorCode.ProtocolError);
    }

    private static (string Name, string Value)[] Parse(string[] fields) => [.. fields.Select(Split)];

    // The first equals sign behind the first letter, so that pseudo names and empty names both work.
    private static (string Name, string Value) Split(string field)
    {
        var at = field.IndexOf('=', StringComparison.Ordinal);
        return (field[..at], field[(at + 1)..]);
    }
}
