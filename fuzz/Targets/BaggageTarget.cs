using Mesh.Hbone;

namespace Mesh.Fuzz.Targets;

internal sealed class BaggageTarget() : Target("baggage")
{
    public override byte[] Make(Random random) => Texts.Latin1(new Baggage
    {
        ClusterName = Texts.Word(random),
        Namespace = Texts.Word(random),
        WorkloadKind = "deployment",
        WorkloadName = Texts.Word(random),
        ServiceName = Texts.Word(random),
        ServiceVersion = "v1",
        Region = Texts.Word(random),
    }.Render() + (random.Next(3) == 0 ? ",other=1;meta" : ""));

    public override bool Try(byte[] input, Random random)
    {
        var read = Baggage.Parse(Texts.Of(input));
        var rendered = read.Render();
        Require(rendered == Baggage.Parse(rendered).Render(), "what we render, we read the same");
        Require(!rendered.AsSpan().ContainsAny('\r', '\n', '\0'), "nothing rendered can break a header");
        Require(rendered.Length <= 200 + input.Length, "baggage does not grow");
        return rendered.Length > 0;
    }
}
