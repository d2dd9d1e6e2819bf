using System.Net;
using Mesh.Hbone;

namespace Mesh.Fuzz.Targets;

internal sealed class ForwardedTarget() : Target("forwarded")
{
    public override byte[] Make(Random random) => random.Next(4) == 0
        ? Texts.Latin1(TraceParent.Create(new byte[TraceParent.RandomBytes]))
        : Texts.Latin1(ForwardedHeader.Render(new IPEndPoint(random.Next(2) == 0 ? IPAddress.Loopback : IPAddress.IPv6Loopback, random.Next(65536)),
            random.Next(2) == 0 ? null : Texts.Word(random)));

    public override bool Try(byte[] input, Random random)
    {
        var text = Texts.Of(input);
        var host = ForwardedHeader.HostOf(text);
        Require(host is null || host.Length < text.Length, "a host is a part of the header");
        return host is not null;
    }
}
