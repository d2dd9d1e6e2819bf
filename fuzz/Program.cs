using System.Globalization;
using Mesh.Fuzz;
using Mesh.Fuzz.Targets;

// make fuzz: every parser of bytes that a peer, a file or a user can choose. SEED=, TARGET= and CASES= choose what runs.
const long CasesByDefault = 1_000_000; // For each target; slow ones get their share of it.
const long Spread = 2_654_435_761; // Runs that follow each other share no cases.
Target[] targets = All.Make();
if (Environment.GetEnvironmentVariable("TARGET") is { Length: > 0 } wanted)
{
    targets = [.. targets.Where(t => t.Name.StartsWith(wanted, StringComparison.Ordinal))];
    if (targets.Length == 0)
    {
        Console.Error.WriteLine($"✗ no target {wanted}; there are: {string.Join(", ", All.Make().Select(t => t.Name))}");
        return 2;
    }
}

var seed = (int)Number("SEED", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() * Spread & 0x7fff_ffff);
var cases = Number("CASES", CasesByDefault);
Console.WriteLine($"fuzz: {targets.Length} targets, {cases:N0} cases each, SEED={seed}");
var clock = System.Diagnostics.Stopwatch.StartNew();
var ran = 0L;
var findings = new List<Finding>();
foreach (var target in targets)
{
    var share = Math.Max(1, (long)Math.Ceiling(cases * target.Share));
    var finding = new Harness(target, Console.Out).Run(seed, share);
    ran += share;
    if (finding is null) continue;
    findings.Add(finding);
    Report(finding);
}

Console.WriteLine($"fuzz: {ran:N0} cases, {findings.Count} findings, {clock.Elapsed:m\\:ss}; replay with SEED={seed}");
return findings.Count == 0 ? 0 : 1;

static long Number(string name, long otherwise) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

static void Report(Finding finding)
{
    var folder = Path.Combine(Environment.GetEnvironmentVariable("MESH_ROOT") ?? ".", "artifacts/fuzz");
    Directory.CreateDirectory(folder);
    var file = Path.Combine(folder, $"{finding.Target}-{finding.Seed}.bin");
    File.WriteAllBytes(file, finding.Input);
    Console.WriteLine($"✗ {finding.Target}: {finding.What}");
    Console.WriteLine($"  input ({finding.Input.Length} bytes) in {file}; see it again: TARGET={finding.Target} SEED={finding.Seed} CASES=1 make fuzz");
}
