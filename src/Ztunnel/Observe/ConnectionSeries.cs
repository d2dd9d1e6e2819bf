using Mesh.Daemon.Metering;

namespace Mesh.Ztunnel.Observe;

/// <summary>The counters of one set of labels, resolved once. Any thread.</summary>
internal sealed record ConnectionSeries(SeriesKey Key, Counter Opened, Counter Closed, Counter Sent, Counter Received);
