using Mesh.Identity;

namespace Mesh.Fuzz.Targets;

internal sealed class SpiffeTarget() : Target("spiffe-id")
{
    public override byte[] Make(Random random) => Texts.Latin1($"spiffe://{Texts.Word(random)}/ns/{Texts.Word(random)}/sa/{Texts.Word(random)}");

    public override bool Try(byte[] input, Random random)
    {
        var text = Texts.Of(input);
        if (SpiffeId.TryParse(text) is not { } id) return false;
        Require(id.ToString() == text, "an id has one spelling");
        Require(id == SpiffeId.TryParse(id.ToString()), "an id is read as it is written");
        Require(!id.Namespace.Contains('/') && !id.ServiceAccount.Contains('/'), "no part swallows another");
        return true;
    }
}
