namespace Mesh.Inpod.Tests;

public sealed class InpodWireTests
{
    private static readonly PodInfo Info = new("web-1", "shop", "default");

    public static TheoryData<InpodRequest> Requests => new(
        InpodRequest.Add("11111111-2222-3333-4444-555555555555", Info),
        new InpodRequest(InpodRequestKind.Add, "uid", Info: null),
        InpodRequest.Delete("uid"),
        InpodRequest.Keep("uid"),
        InpodRequest.SnapshotSent);

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_survives_the_wire_and_every_cut_of_it_is_refused_or_another_valid_request(InpodRequest request)
    {
        var packet = new byte[InpodWire.PacketBytesMax];
        var length = InpodWire.WriteRequest(request, packet);
        Assert.True(InpodWire.TryReadRequest(packet.AsSpan(0, length), out var read));
        Assert.Equal(request, read);
        for (var cut = 0; cut < length; cut++) Assert.False(InpodWire.TryReadRequest(packet.AsSpan(0, cut), out _));
    }

    [Fact]
    public void The_bytes_are_those_of_upstream()
    {
        var packet = new byte[64];
        Assert.Equal("0801", Convert.ToHexString(InpodWire.Hello));
        Assert.Equal("12051203616263", Hex(InpodWire.WriteRequest(InpodRequest.Delete("abc"), packet)));
        Assert.Equal("2A050A03616263", Hex(InpodWire.WriteRequest(InpodRequest.Keep("abc"), packet)));
        Assert.Equal("1A00", Hex(InpodWire.WriteRequest(InpodRequest.SnapshotSent, packet)));
        Assert.Equal("0A100A0361626312090A016E1201731A0161", Hex(InpodWire.WriteRequest(InpodRequest.Add("abc", new PodInfo("n", "s", "a")), packet)));
        Assert.Equal("0A00", Hex(InpodWire.WriteAck(string.Empty, packet)));
        Assert.Equal("0A040A026E6F", Hex(InpodWire.WriteAck("no", packet)));

        string Hex(int length) => Convert.ToHexString(packet.AsSpan(0, length));
    }

    [Fact]
    public void A_long_error_is_cut_between_characters_to_fit_one_packet()
    {
        var packet = new byte[InpodWire.PacketBytesMax];
        var length = InpodWire.WriteAck(new string('é', 2000), packet);
        Assert.InRange(length, 1000, InpodWire.PacketBytesMax);
        Assert.True(InpodWire.TryReadAck(packet.AsSpan(0, length), out var error));
        Assert.True(error.All(c => c == 'é'));
    }

    [Fact]
    public void A_request_that_does_not_fit_a_packet_is_not_written() =>
        Assert.Equal(0, InpodWire.WriteRequest(InpodRequest.Add("u", Info with { Name = new string('n', 1100) }), new byte[4096]));

    [Fact]
    public void Unknown_fields_are_skipped_and_noise_never_throws()
    {
        // add { uid "a", field 9 = 5, info {} } with an unknown fixed32 beside it.
        Assert.True(InpodWire.TryReadRequest(Convert.FromHexString("0A070A016148051200" + "3D01020304"), out var request));
        Assert.Equal(new InpodRequest(InpodRequestKind.Add, "a", new PodInfo("", "", "")), request);
        var random = new Random(3);
        var noise = new byte[64];
        for (var i = 0; i < 50_000; i++)
        {
            random.NextBytes(noise);
            InpodWire.TryReadRequest(noise.AsSpan(0, random.Next(64)), out _);
            InpodWire.TryReadAck(noise.AsSpan(0, random.Next(64)), out _);
            InpodWire.TryReadHello(noise.AsSpan(0, random.Next(64)), out _);
        }
    }
}
