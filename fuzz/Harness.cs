using System.Diagnostics;

namespace Mesh.Fuzz;

/// <summary>
/// First every truncation of some valid inputs, then cases: 1. the case's seed chooses two inputs of the target's corpus, 2. most are mutated, 3. the target tries them, 4. time
/// and allocation are held to their bounds. A case depends on its seed and target alone, so it can be replayed.
/// </summary>
internal sealed class Harness(Target target, TextWriter screen)
{
    private const int CorpusSize = 512;
    private const int CorpusSeed = 20_260;
    private static readonly TimeSpan CaseTimeMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private const int CasesToJudge = 10_000;
    private const int TruncatedInputs = 64;
    private const int TruncatedBytesMax = 4096;

    private readonly byte[][] corpus = MakeCorpus(target);
    private long accepted;

    /// <summary>Null when all cases held, else the failing case.</summary>
    public Finding? Run(int firstSeed, long cases)
    {
        var clock = Stopwatch.StartNew();
        var lastBeat = TimeSpan.Zero;
        if (cases > 1 && RunTruncations() is { } cut) return cut; // One case alone is a replay.
        for (long i = 0; i < cases; i++)
        {
            var seed = unchecked((int)(firstSeed + i));
            if (RunCase(seed) is { } finding) return finding;
            if ((i & 0xff) != 0 || clock.Elapsed - lastBeat < Beat) continue;
            lastBeat = clock.Elapsed;
            screen.WriteLine($"  … {target.Name,-18} {i + 1,9:N0} of {cases:N0}, {(i + 1) / clock.Elapsed.TotalSeconds:N0} cases/s, seed {seed}");
        }

        if (cases >= CasesToJudge && accepted == 0) return new Finding(target.Name, firstSeed, corpus[0], "no input was accepted, not even a valid one");
        screen.WriteLine($"✓ {target.Name,-20} {cases,9:N0} cases, {accepted / (double)cases,4:P0} accepted, {clock.Elapsed.TotalSeconds,5:0.0} s, {cases / clock.Elapsed.TotalSeconds,8:N0} cases/s");
        return null;
    }

    /// <summary>Every beginning of a valid input, the empty one and the whole one included.</summary>
    private Finding? RunTruncations()
    {
        for (var i = 0; i < TruncatedInputs; i++)
        {
            var whole = corpus[i];
            for (var length = 0; length <= Math.Min(whole.Length, TruncatedBytesMax); length++)
            {
                if (Try(whole[..length], new Random(length), -length) is { } finding) return finding;
            }
        }

        accepted = 0; // What follows is judged by itself.
        return null;
    }

    private Finding? RunCase(int seed)
    {
        var random = new Random(seed);
        var input = corpus[random.Next(corpus.Length)];
        // One in sixteen stays valid: that must hold, too.
        if (random.Next(16) > 0) input = Mutator.Mutate(input, corpus[random.Next(corpus.Length)], random);
        return Try(input, random, seed);
    }

    private Finding? Try(byte[] input, Random random, int seed)
    {
        var began = Stopwatch.GetTimestamp();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            if (target.Try((byte[])input.Clone(), random)) accepted++;
        }
        catch (Exception e)
        {
            return new Finding(target.Name, seed, input, e.ToString());
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var bound = target.AllocatedBytesMax + 64L * input.Length;
        if (allocated > bound) return new Finding(target.Name, seed, input, $"allocated {allocated:N0} bytes, more than {bound:N0}");
        var took = Stopwatch.GetElapsedTime(began);
        return took > CaseTimeMax ? new Finding(target.Name, seed, input, $"took {took.TotalSeconds:0.0} s") : null;
    }

    private static byte[][] MakeCorpus(Target target)
    {
        var random = new Random(CorpusSeed);
        return [.. Enumerable.Range(0, CorpusSize).Select(_ => target.Make(random))];
    }
}
