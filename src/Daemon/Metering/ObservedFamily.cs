namespace Mesh.Daemon.Metering;

/// <summary>A metric without labels whose value is asked for at each scrape.</summary>
internal sealed class ObservedFamily(string name, string help, MetricKind kind, Func<double> observe) : Family(name, help, kind)
{
    public override bool IsEmpty => false;

    public override void WriteTo(Exposition to)
    {
        if (Kind == MetricKind.Counter) to.Sample("_total", "", observe());
        else to.Sample("", "", observe());
    }
}
