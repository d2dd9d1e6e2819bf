namespace Mesh.Daemon.Metering;

/// <summary>A metric without labels whose value is asked for at each scrape; left out while it cannot be told (NaN).</summary>
internal sealed class ObservedFamily(string name, string help, MetricKind kind, Func<double> observe) : Family(name, help, kind)
{
    public override IEnumerable<int> Write(Exposition to, TimeProvider time)
    {
        var value = observe();
        if (double.IsNaN(value)) yield break;
        Begin(to);
        to.Sample(Kind == MetricKind.Counter ? "_total" : "", LabelSet.None, value);
        yield return to.Written.Length;
    }
}
