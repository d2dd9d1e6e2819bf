namespace Mesh.Kubernetes.Reconciling;

/// <summary>Pauses that double up to a limit, each shortened by up to half at random so that many clients do not return together. One owner.</summary>
internal sealed class RetryDelay(TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    public TimeSpan Next() => Of(_failures++, first, longest, random.NextDouble());

    public void Reset() => _failures = 0;

    /// <summary>The pause after so many failures before this one; chance is between zero and one.</summary>
    public static TimeSpan Of(int failures, TimeSpan first, TimeSpan longest, double chance)
    {
        const int doublingsMax = 30;
        var whole = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures, doublingsMax)));
        return TimeSpan.FromMilliseconds(whole * (1 - (chance / 2)));
    }
}
