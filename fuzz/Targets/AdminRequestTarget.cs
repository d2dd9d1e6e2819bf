using Mesh.Daemon.Admin;

namespace Mesh.Fuzz.Targets;

internal sealed class AdminRequestTarget() : Target("admin-http")
{
    private static readonly AdminLimits Limits = new();

    public override byte[] Make(Random random)
    {
        var body = random.Next(3) == 0 ? "level=debug" : "";
        return Texts.Latin1($"{(body.Length > 0 ? "POST" : "GET")} /logging?level={Texts.Word(random).Replace(' ', '+')}&x=%20 HTTP/1.1\r\nHost: localhost\r\n"
            + $"Accept: */*\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    public override bool Try(byte[] input, Random random)
    {
        var parse = RequestReader.TryRead(input, Limits, out var request, out var consumed);
        Require((parse == RequestParse.Complete) == (request is not null), "complete means that there is a request");
        if (request is null)
        {
            Require(consumed == 0, "nothing is consumed of what is refused");
            return false;
        }

        Require(consumed > 0 && consumed <= input.Length, "a request ends within its bytes");
        Require(request.Path.StartsWith('/'), "a path is absolute");
        // Whatever stands behind it does not change it.
        parse = RequestReader.TryRead(input.AsMemory(0, consumed), Limits, out var alone, out var consumedAlone);
        Require(parse == RequestParse.Complete && consumedAlone == consumed && alone!.Path == request.Path, "what follows a request does not change it");
        return true;
    }
}
