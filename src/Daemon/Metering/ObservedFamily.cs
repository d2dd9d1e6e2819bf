namespace Mesh.Daemon.Metering;

/// <summary>A metric whose values are asked for at each scrape, one per label set; one that cannot be told (NaN) is left out.</summary>
internal sealed class ObservedFamily(string name, string help, MetricKind kind, LabelSet[] sets, Func<int, double> observe) : Family(name, help, kind)
{
    public override IEnumerable<int> Write(Exposition to, TimeProvider time)
    {
        var isBegun = false;
        for (var at = 0; at < sets.Length; at++)
        {
            var value = observe(at);
            if (double.IsNaN(value)) continue;
            if (!isBegun) Begin(to);
            isBegun = true;
            to.Sample(Kind == MetricKind.Counter ? "_total" : "", sets[at], value);
            yield return to.Written.Length;
        }
    }
}
