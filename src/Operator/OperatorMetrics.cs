using System.Diagnostics.Metrics;
using Mesh.Operator.Api;
using Mesh.Operator.Install;

namespace Mesh.Operator;

/// <summary>What the operator counts. Labels come from closed sets: kinds we render, actions, results, components. Any thread.</summary>
internal sealed class OperatorMetrics : IDisposable
{
    public const string MeterName = "Mesh.Operator";
    private static readonly double[] s_seconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60];
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _reconciles;
    private readonly Histogram<double> _durations;
    private readonly Counter<long> _applied;
    private readonly Counter<long> _drift;
    private volatile MeshInstallStatus _status = new();

    public OperatorMetrics()
    {
        _reconciles = _meter.CreateCounter<long>("mesh_operator_reconcile", description: "Reconciles by result.");
        _durations = _meter.CreateHistogram(
            "mesh_operator_reconcile_duration_seconds", description: "How long reconciles took.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_seconds });
        _applied = _meter.CreateCounter<long>("mesh_operator_apply_objects", description: "Objects written, by kind and operation.");
        _drift = _meter.CreateCounter<long>("mesh_operator_drift", description: "Objects found edited by somebody else.");
        _meter.CreateObservableGauge("mesh_install_info", Info, description: "The versions of the mesh.");
        _meter.CreateObservableGauge("mesh_install_condition", Conditions, description: "1 for the status each condition has.");
        Component("mesh_install_component_desired", "Pods a component should have.", one => one.Desired);
        Component("mesh_install_component_updated", "Pods of a component at the target version.", one => one.Updated);
        Component("mesh_install_component_ready", "Pods of a component that are ready.", one => one.Ready);
    }

    public void Reconciled(string result, TimeSpan took)
    {
        _reconciles.Add(1, new KeyValuePair<string, object?>("result", result));
        _durations.Record(took.TotalSeconds);
    }

    public void Applied(string kind, ApplyAction operation) =>
        _applied.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("op", operation.ToString()));

    public void Drifted(string kind) => _drift.Add(1, new KeyValuePair<string, object?>("kind", kind));

    /// <summary>Takes over what the gauges show.</summary>
    public void Show(MeshInstallStatus status) => _status = status;

    /// <summary>A gauge whose value is asked for at each scrape.</summary>
    public void Observe(string name, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, description: description);

    public void Dispose() => _meter.Dispose();

    private void Component(string name, string description, Func<ComponentStatus, int> value) => _meter.CreateObservableGauge(
        name,
        () => (_status.Components ?? []).Select(one => new Measurement<int>(value(one), new KeyValuePair<string, object?>("component", one.Name))),
        description: description);

    private IEnumerable<Measurement<int>> Info() => _status.TargetVersion is null ? [] :
    [
        new(1, new("version", _status.CurrentVersion ?? ""), new KeyValuePair<string, object?>("target", _status.TargetVersion)),
    ];

    private IEnumerable<Measurement<int>> Conditions() => (_status.Conditions ?? []).Select(condition =>
        new Measurement<int>(1, new("type", condition.Type), new KeyValuePair<string, object?>("status", condition.Status)));
}
