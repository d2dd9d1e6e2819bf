using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Net;
using Mesh.Daemon.Logging;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Hosting;

namespace Mesh.Hosting;

/// <summary>
/// Connections that Kestrel ended because of what the peer sent (garbage, a failed handshake, a broken frame): counted by port and
/// reason, logged once per reason and minute. Kestrel tells the reason only to its own instrument, so that is listened to. Any thread.
/// </summary>
internal sealed class RefusedConnections : IHostedService, IDisposable
{
    public const string MeterName = "Mesh.Hosting";

    private const string KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";
    private const string Durations = "kestrel.connection.duration";
    private const string PeerTag = "mesh.peer";

    // How connections end when nobody did anything wrong, or when we did.
    private static readonly FrozenSet<string> s_blameless = FrozenSet.Create(
        StringComparer.Ordinal,
        "connection_reset", "keep_alive_timeout", "app_shutdown_timeout", "aborted_by_app", "server_timeout", "io_error", "write_canceled",
        "error_after_starting_response", "error_writing_headers", "response_content_length_mismatch", "other_error");

    private readonly Meter _meter = new(MeterName);
    private readonly MeterListener _listener = new();
    private readonly Counter<long> _refused;
    private readonly CauseLog _causes;

    public RefusedConnections(CauseLog causes)
    {
        _causes = causes;
        _refused = _meter.CreateCounter<long>("mesh_connections_refused", description: "Connections closed because of what the peer sent, by port and reason.");
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == Durations && instrument.Meter.Name == KestrelMeter) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>(Ended);
        _listener.Start();
    }

    /// <summary>Notes who is at the other end; to be called first on every connection.</summary>
    public void Watch(ConnectionContext connection) =>
        connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(
            new KeyValuePair<string, object?>(PeerTag, new Peer(this, connection.LocalEndPoint as IPEndPoint, connection.RemoteEndPoint as IPEndPoint)));

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private void Ended(Instrument instrument, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        string? reason = null;
        Peer? peer = null;
        foreach (var (key, value) in tags)
        {
            if (key == "error.type") reason = value as string;
            else if (key == PeerTag) peer = value as Peer;
        }
        // The instrument is the process's; a connection of another host in it is not ours.
        if (reason is null || peer?.Owner != this || s_blameless.Contains(reason)) return;
        var port = peer.Local?.Port ?? 0;
        _refused.Add(1, new KeyValuePair<string, object?>("port", port), new KeyValuePair<string, object?>("reason", reason));
        _causes.Warn($"{port} {reason}", "the connection was closed because of what the peer sent", peer.Remote?.ToString() ?? "?");
    }

    private sealed record Peer(RefusedConnections Owner, IPEndPoint? Local, IPEndPoint? Remote);
}
