namespace Mesh.Bench;

/// <summary>What the command line and the environment say.</summary>
internal sealed record BenchOptions(string Output, int Rounds, int Seconds, string[] Variants, string? Ztunnel, string? Other, bool Extras)
{
    /// <summary>The whole run stays under ten minutes; the rest is for what is measured once.</summary>
    public static readonly TimeSpan RoundsTimeMax = TimeSpan.FromMinutes(8.5);

    public const string Usage = """
        usage: eng/bench [--rounds N] [--seconds S] [--variants direct,relays,haproxy,ztunnel] [--no-extras]
          ZTUNNEL_BIN=PATH    measure this ztunnel (default: artifacts/publish/ztunnel/ztunnel)
          ZTUNNEL_OTHER=PATH  measure another one in the same rounds, as variant "other"
        """;

    public static BenchOptions Parse(string[] arguments, string root)
    {
        var published = Path.Combine(root, "artifacts/publish/ztunnel/ztunnel");
        var ztunnel = Environment.GetEnvironmentVariable("ZTUNNEL_BIN") is { Length: > 0 } given ? given : published;
        var other = Environment.GetEnvironmentVariable("ZTUNNEL_OTHER") is { Length: > 0 } second ? second : null;
        var names = new List<string> { "direct", "relays", "haproxy", "ztunnel" };
        if (other is not null) names.Add("other");
        var options = new BenchOptions(Path.Combine(root, "artifacts/bench"), Rounds: 3, Seconds: 3, [.. names], ztunnel, other, Extras: true);
        for (var i = 0; i < arguments.Length; i++)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            switch (arguments[i])
            {
                case "--rounds" when int.TryParse(value, out var rounds) && rounds > 0:
                    options = options with { Rounds = rounds };
                    i++;
                    break;
                case "--seconds" when int.TryParse(value, out var seconds) && seconds > 0:
                    options = options with { Seconds = seconds };
                    i++;
                    break;
                case "--variants" when value.Length > 0:
                    options = options with { Variants = value.Split(',') };
                    i++;
                    break;
                case "--no-extras":
                    options = options with { Extras = false };
                    break;
                default:
                    throw new BenchException($"{arguments[i]}: not understood\n{Usage}");
            }
        }

        return options;
    }
}
