namespace Mesh.Daemon.Metering;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}
