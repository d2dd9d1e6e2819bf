using System.Diagnostics;
using Mesh.Bench;
using Mesh.Bench.Measures;
using Mesh.Bench.Report;
using Mesh.Bench.Variants;

// make bench: proxies side by side, in interleaved rounds, so that the ratios hold on a noisy machine.
var root = Environment.GetEnvironmentVariable("MESH_ROOT") ?? Directory.GetCurrentDirectory();
try
{
    var options = BenchOptions.Parse(args, root);
    Requirements.Check();
    Run(options);
    return 0;
}
catch (BenchException e)
{
    Console.Error.WriteLine($"✗ bench: {e.Message}");
    return 1;
}

static void Run(BenchOptions options)
{
    var began = TimeProvider.System.GetUtcNow();
    var clock = Stopwatch.StartNew();
    var results = new Results();
    using var site = new Site(Path.Combine(options.Output, "work"));
    Console.CancelKeyPress += (_, _) => site.Dispose();
    // Without the rounds, one start of each variant is enough for the rest.
    var rounds = options.Wants(BenchOptions.InRounds) ? options.Rounds : options.Wants(BenchOptions.Calls) || options.Wants(BenchOptions.Idle) ? 1 : 0;
    for (var round = 1; round <= rounds; round++)
    {
        if (round > 1 && clock.Elapsed + clock.Elapsed / (round - 1) > options.RoundsTimeMax)
        {
            results.Note($"{round - 1} of {rounds} rounds: more would take longer than ten minutes");
            break;
        }

        foreach (var name in options.Variants)
        {
            Console.WriteLine($"▸ round {round}/{rounds}  {name,-8} {clock.Elapsed:m\\:ss}");
            MeasureOne(site, options, name, first: round == 1, results);
        }
    }

    MeasureExtras(site, options, results, clock);
    Write(options, results, began);
    Console.WriteLine($"make bench: {clock.Elapsed:m\\:ss} in all; values of every round and pictures in {Path.GetRelativePath(Directory.GetCurrentDirectory(), options.Output)}");
    if (results.Values.Count == 0) throw new BenchException("nothing could be measured");
}

static void MeasureOne(Site site, BenchOptions options, string name, bool first, Results results)
{
    try
    {
        using var variant = Create(options, name);
        variant.Start(site);
        _ = Load.Saturate(2, 1); // Warm from now on.
        if (options.Wants(BenchOptions.InRounds)) Round.Measure(site, variant, options.Seconds, results);
        if (first && variant.IsProxy) Extras.OfRunning(site, variant, options, results);
        if (!options.Wants(BenchOptions.InRounds)) return;
        Console.WriteLine($"  bulk {results.Median(name, "bulk1.gbps"):0.0} Gbit/s, p99 at 1,000/s {results.Median(name, "rate.p99"):0} µs, "
            + $"{results.Median(name, "sat16.rps"):0} requests/s, {results.Median(name, "new.rps"):0} new connections/s (medians so far)");
    }
    catch (Exception e) when (e is BenchException or IOException or InvalidOperationException or System.Text.Json.JsonException)
    {
        results.Problem($"{name}: {e.Message}"); // The others go on.
    }
}

static void MeasureExtras(Site site, BenchOptions options, Results results, Stopwatch clock)
{
    var ztunnels = new List<(string Name, string Binary)>();
    foreach (var (name, binary) in ((string, string?)[])[("ztunnel", options.Ztunnel), ("other", options.Other)])
    {
        if (binary is not null && options.Variants.Contains(name) && File.Exists(binary)) ztunnels.Add((name, binary));
    }

    var alone = ((string[])[BenchOptions.Tunnels, BenchOptions.Rules, BenchOptions.Scale]).Where(options.Wants).ToArray();
    foreach (var (name, binary) in alone.Length > 0 ? ztunnels : [])
    {
        Console.WriteLine($"▸ {string.Join(", ", alone)}  {name,-8} {clock.Elapsed:m\\:ss}");
        if (options.Wants(BenchOptions.Tunnels)) Extras.NewTunnels(site, name, binary, results);
        if (options.Wants(BenchOptions.Rules)) Extras.Policies(site, name, binary, options.Seconds, results);
        if (options.Wants(BenchOptions.Scale)) Extras.Scale(site, name, binary, results);
    }

    if (ztunnels.Count == 0 || !options.Wants(BenchOptions.Pairs)) return;
    Console.WriteLine($"▸ 64 pairs of identities              {clock.Elapsed:m\\:ss}");
    IdentityPairs.Measure(site, ztunnels, options.Rounds, results);
}

static void Write(BenchOptions options, Results results, DateTimeOffset began)
{
    var table = Table.Render(results, options.Variants, options.Variants.Contains("ztunnel") ? "ztunnel" : options.Variants[^1]);
    Console.WriteLine();
    Console.WriteLine(table);
    foreach (var note in results.Notes) Console.WriteLine($"· {note}");
    foreach (var problem in results.Problems) Console.WriteLine($"✗ {problem}");
    File.WriteAllText(Path.Combine(options.Output, "table.txt"), table);
    File.WriteAllText(Path.Combine(options.Output, "results.json"), JsonReport.Render(results, options, began));
    foreach (var (key, title) in ((string, string)[])
             [
                 ("rate", "Latency at 1,000 requests per second"),
                 ("sat1", "Latency, 1 connection, as fast as it goes"),
                 ("sat16", "Latency, 16 connections, as fast as they go"),
                 ("sat64", "Latency, 64 connections, as fast as they go"),
                 ("new", "Latency of a request on a new connection"),
                 ("pairs", "First byte over new tunnels, 64 pairs of identities at once"),
             ])
    {
        var lines = results.Distribution(key).ToArray();
        if (lines.Length > 0) File.WriteAllText(Path.Combine(options.Output, $"latency-{key}.svg"), Picture.Render(title, lines));
    }
}

static Variant Create(BenchOptions options, string name) => name switch
{
    "direct" => new Direct(),
    "relays" => new Relays(),
    "haproxy" => new Haproxy(),
    "ztunnel" => new Ztunnel(name, options.Ztunnel ?? ""),
    "other" => new Ztunnel(name, options.Other ?? ""),
    _ => throw new BenchException($"{name}: no such variant"),
};
