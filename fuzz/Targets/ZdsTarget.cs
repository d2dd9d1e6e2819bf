using Mesh.Inpod;

namespace Mesh.Fuzz.Targets;

internal sealed class ZdsTarget() : Target("zds")
{
    private readonly byte[] packet = new byte[InpodWire.PacketBytesMax];

    public override byte[] Make(Random random)
    {
        var length = random.Next(6) switch
        {
            0 => InpodWire.WriteAck(Texts.Word(random), packet),
            1 => InpodWire.WriteRequest(new InpodRequest(InpodRequestKind.Delete, "uid-1", null), packet),
            2 => InpodWire.WriteRequest(new InpodRequest(InpodRequestKind.Keep, "uid-2", null), packet),
            3 => InpodWire.WriteRequest(new InpodRequest(InpodRequestKind.SnapshotSent, "", null), packet),
            _ => InpodWire.WriteRequest(new InpodRequest(InpodRequestKind.Add, "uid-3", new PodInfo(Texts.Word(random), Texts.Word(random), Texts.Word(random))), packet),
        };
        return random.Next(10) == 0 ? InpodWire.Hello.ToArray() : packet[..length];
    }

    public override bool Try(byte[] input, Random random)
    {
        _ = InpodWire.TryReadHello(input, out _);
        if (InpodWire.TryReadAck(input, out var error)) Require(InpodWire.WriteAck(error, packet) > 0, "an acknowledgement can be written again");
        if (!InpodWire.TryReadRequest(input, out var request)) return false;
        var length = InpodWire.WriteRequest(request, packet);
        if (length == 0) return true; // Longer than a packet, which no socket would have delivered.
        Require(InpodWire.TryReadRequest(packet.AsSpan(0, length), out var again) && again == request, "a request survives a round trip");
        return true;
    }
}
