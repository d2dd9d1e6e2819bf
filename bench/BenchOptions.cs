namespace Mesh.Bench;

/// <summary>What the command line and the environment say.</summary>
internal sealed record BenchOptions(string Output, int Rounds, int Seconds, string[] Variants, string? Ztunnel, string? Other, string[] Wanted)
{
    /// <summary>What is measured of each variant in each round; the rest is measured once.</summary>
    public const string InRounds = "rounds";
    public const string Calls = "calls";
    public const string Idle = "idle";
    public const string Tunnels = "tunnels";
    public const string Pairs = "pairs";
    public const string Rules = "rules";
    public const string Scale = "scale";
    private static readonly string[] All = [InRounds, Calls, Idle, Tunnels, Pairs, Rules, Scale];
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(9.5);
    private static readonly TimeSpan ExtrasTimeEach = TimeSpan.FromMinutes(1);

    /// <summary>The whole run stays under ten minutes; the rest is for what is measured once per ztunnel.</summary>
    public TimeSpan RoundsTimeMax => TimeMax - ExtrasTimeEach * (Other is null ? 1 : 2);

    public const string Usage = """
        usage: eng/bench [--rounds N] [--seconds S] [--variants direct,relays,haproxy,ztunnel]
                          [--measures rounds,calls,idle,tunnels,pairs,rules,scale]
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
        var options = new BenchOptions(Path.Combine(root, "artifacts/bench"), Rounds: 3, Seconds: 3, [.. names], ztunnel, other, Wanted: All);
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
                case "--measures" when value.Length > 0 && value.Split(',').All(All.Contains):
                    options = options with { Wanted = value.Split(',') };
                    i++;
                    break;
                default:
                    throw new BenchException($"{arguments[i]}: not understood\n{Usage}");
            }
        }

        return options;
    }

    public bool Wants(string measure) => Wanted.Contains(measure);
}
