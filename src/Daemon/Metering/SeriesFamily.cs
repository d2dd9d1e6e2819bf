namespace Mesh.Daemon.Metering;

/// <summary>Writes the series of a <see cref="MetricFamily{TSeries}"/>, and first lets it forget what nobody counts on any more.</summary>
internal sealed class SeriesFamily<TSeries>(
    string name, string help, MetricKind kind, MetricFamily<TSeries> family, Action<Exposition, LabelSet, TSeries> write)
    : Family(name, help, kind) where TSeries : class
{
    public MetricFamily<TSeries> Series => family;

    public override IEnumerable<int> Write(Exposition to, TimeProvider time)
    {
        family.Sweep(time);
        if (family.Series.IsEmpty) yield break;
        Begin(to);
        foreach (var (values, series) in family.Series)
        {
            write(to, new LabelSet(family.Labels, values), series);
            yield return to.Written.Length;
        }
    }
}
