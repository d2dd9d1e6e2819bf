namespace Mesh.Daemon.Metering;

/// <summary>One metric name with its help text and series, as the registry writes it out.</summary>
internal abstract class Family(string name, string help, MetricKind kind)
{
    public string Name { get; } = name;

    public string Help { get; } = help;

    public MetricKind Kind { get; } = kind;

    /// <summary>A family without series is left out of the exposition.</summary>
    public abstract bool IsEmpty { get; }

    public abstract void WriteTo(Exposition to);
}
