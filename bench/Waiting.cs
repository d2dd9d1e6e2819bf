using System.Diagnostics;

namespace Mesh.Bench;

/// <summary>Waits for a state of the outside world, with an end.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long it took.</summary>
    public static TimeSpan Until(Func<bool> reached, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!reached())
        {
            if (clock.Elapsed > Patience) throw new BenchException($"waited {Patience.TotalSeconds:0} s in vain: {what}");
            Thread.Sleep(20);
        }

        return clock.Elapsed;
    }
}
