namespace Mesh.Daemon.Metering;

/// <summary>Writes the series of a <see cref="MetricFamily{TSeries}"/>.</summary>
internal sealed class SeriesFamily<TSeries>(
    string name, string help, MetricKind kind, MetricFamily<TSeries> family, Action<Exposition, string, TSeries> write)
    : Family(name, help, kind) where TSeries : class
{
    public MetricFamily<TSeries> Series => family;

    public override bool IsEmpty => family.Series.IsEmpty;

    public override void WriteTo(Exposition to)
    {
        foreach (var (values, series) in family.Series) write(to, Exposition.LabelText(family.Labels, values), series);
    }
}
