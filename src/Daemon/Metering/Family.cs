namespace Mesh.Daemon.Metering;

/// <summary>One metric name with its help text and series, as the registry writes it out.</summary>
internal abstract class Family(string name, string help, MetricKind kind)
{
    public string Name { get; } = name;

    protected MetricKind Kind { get; } = kind;

    /// <summary>
    /// Writes as it is enumerated, a series a step; gives the bytes that wait in the exposition. A family without series is left out.
    /// </summary>
    public abstract IEnumerable<int> Write(Exposition to, TimeProvider time);

    protected void Begin(Exposition to) => to.Begin(Name, help, Kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        MetricKind.Histogram => "histogram",
    });
}
