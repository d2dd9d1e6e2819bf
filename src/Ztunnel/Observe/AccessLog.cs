using Mesh.Daemon.Logging;
using Mesh.Model;
using Mesh.Model.Policy;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Observe;

/// <summary>One line per connection, in upstream's words and order. Any thread; the log's own thread writes.</summary>
internal sealed class AccessLog(LogScope scope, LogScope policies, TimeProvider time, AccessLogChoice choice, bool isPolicyInfo)
{
    private long _successes;

    public void Opened(LiveConnection connection)
    {
        if (!scope.IsEnabled(LogLevel.Debug)) return;
        var line = scope.Begin(LogLevel.Debug, "connection opened");
        Describe(ref line, connection);
        line.End();
    }

    /// <summary>The end of a connection that was tracked; an error makes it an error line.</summary>
    public void Closed(LiveConnection connection, string? error)
    {
        var level = error is null ? LogLevel.Information : LogLevel.Error;
        if (!scope.IsEnabled(level) || (error is null && !IsChosen())) return;
        var line = scope.Begin(level, "connection complete");
        Describe(ref line, connection);
        var (request, response) = (connection.RequestBytes, connection.ResponseBytes);
        var isOutbound = connection.Direction == Direction.Outbound;
        line.Number("bytes_sent", isOutbound ? request : response);
        line.Number("bytes_recv", isOutbound ? response : request);
        Span<char> text = stackalloc char[32];
        var milliseconds = (long)time.GetElapsedTime(connection.StartedAt).TotalMilliseconds;
        text.TryWrite($"{milliseconds}ms", out var written);
        line.Text("duration", text[..written]);
        if (connection.IsBypass) line.Bare("bypass", "true");
        line.Text("error", error);
        line.End();
    }

    /// <summary>A connection that was closed before anything was known about it.</summary>
    public void Failed(IpPort source, IpPort destination, Direction direction, string error)
    {
        if (!scope.IsEnabled(LogLevel.Warning)) return;
        var line = scope.Begin(LogLevel.Warning, "connection failed");
        line.Bare("src.addr", source);
        line.Bare("dst.addr", destination);
        line.Text("direction", WordOf(direction));
        line.Text("error", error);
        line.End();
    }

    /// <summary>What the policies said; at debug unless the operator wants to see it.</summary>
    public void Judged(LiveConnection connection, in AuthorizationOutcome outcome)
    {
        var level = isPolicyInfo ? LogLevel.Information : LogLevel.Debug;
        if (!policies.IsEnabled(level)) return;
        var line = policies.Begin(level, outcome.IsAllowed ? "policy allows" : "policy denies");
        line.Bare("src.addr", connection.Source);
        if (connection.IsMutualTls) line.Text("src.identity", connection.SourceIdentity?.ToString());
        line.Bare("dst.addr", connection.Destination);
        if (connection.Authority is { } authority) line.Bare("dst.hbone_addr", authority);
        line.Text("policy", outcome.Policy);
        line.Text("dry_run_deny", outcome.DryRunDeny);
        line.Text("dry_run_allow", outcome.DryRunAllow);
        line.End();
    }

    /// <summary>The first of every so many successful connections.</summary>
    private bool IsChosen() => choice.OneIn == 1 || (choice.OneIn > 1 && Interlocked.Increment(ref _successes) % choice.OneIn == 1);

    private static void Describe(ref LogLine line, LiveConnection connection)
    {
        line.Bare("src.addr", connection.Source);
        if (connection.SourceWorkload is { } source)
        {
            line.Text("src.workload", source.Name.Length > 0 ? source.Name : Known(source.Shape.CanonicalName));
            line.Text("src.namespace", source.Namespace);
        }
        else if (connection.SourceTold is { } told)
        {
            line.Text("src.workload", Known(told.WorkloadName) ?? told.ServiceName);
            line.Text("src.namespace", told.Namespace);
        }

        if (connection.IsMutualTls) line.Text("src.identity", connection.SourceIdentity?.ToString());
        line.Text("src.cluster", Known(connection.SourceWorkload?.Shape.ClusterId) ?? connection.SourceTold?.ClusterName);
        line.Bare("dst.addr", connection.Destination);
        if (connection.Authority is { } authority) line.Bare("dst.hbone_addr", authority);
        line.Text("dst.service", connection.Service?.Key.Hostname);
        if (connection.DestinationWorkload is { } destination)
        {
            line.Text("dst.workload", destination.Name.Length > 0 ? destination.Name : Known(destination.Shape.CanonicalName));
            line.Text("dst.namespace", destination.Namespace);
        }

        if (connection.IsMutualTls) line.Text("dst.identity", connection.DestinationIdentity?.ToString());
        line.Text("dst.cluster", Known(connection.DestinationWorkload?.Shape.ClusterId));
        line.Text("direction", WordOf(connection.Direction));
    }

    private static string? Known(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string WordOf(Direction direction) => direction == Direction.Outbound ? "outbound" : "inbound";
}
