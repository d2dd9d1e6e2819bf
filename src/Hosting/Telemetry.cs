using Mesh.Daemon.Metering;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Mesh.Hosting;

/// <summary>
/// The program's meters: collected when somebody scrapes, and pushed by OTLP where OTEL_EXPORTER_OTLP_ENDPOINT names a receiver.
/// One scrape at a time.
/// </summary>
public sealed class Telemetry : IDisposable
{
    private const string RuntimeMeter = "System.Runtime";
    private const int CollectTimeoutMilliseconds = 5000;
    private readonly ExpositionExporter _exporter = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;
    private readonly Lock _gate = new();

    public Telemetry(MeshHostOptions options)
    {
        _reader = new BaseExportingMetricReader(_exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService(options.Program))
            .AddMeter([RuntimeMeter, RefusedConnections.MeterName, .. options.Meters])
            .AddReader(_reader);
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"))) builder.AddOtlpExporter();
        _provider = builder.Build();
    }

    /// <summary>Collects all meters and writes them.</summary>
    public void WriteTo(Exposition to)
    {
        lock (_gate)
        {
            _exporter.Target = to;
            _reader.Collect(CollectTimeoutMilliseconds);
            _exporter.Target = null;
        }
    }

    public void Dispose()
    {
        _provider.Dispose();
        _reader.Dispose();
        _exporter.Dispose();
    }
}
