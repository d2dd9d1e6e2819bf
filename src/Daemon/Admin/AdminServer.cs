using System.Net;
using System.Net.Sockets;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Admin;

/// <summary>
/// A small HTTP/1.1 server for a daemon's own pages (metrics, health, dumps) on TCP or a unix socket. Connections, requests, sizes and
/// times are bounded; what is not HTTP is counted and closed. Runs on the thread pool.
/// </summary>
public sealed class AdminServer : IDisposable
{
    private const int Backlog = 128;
    private readonly Socket _listener;
    private readonly AdminPages _pages;
    private readonly AdminLimits _limits;
    private readonly ILogger _log;
    private readonly CauseLog _causes;
    private readonly TimeProvider _time;
    private readonly MetricFamily<Counter> _rejected;
    private readonly Counter _served;

    /// <summary>Binds and listens at once, so that a port in use is known before anything else starts.</summary>
    public AdminServer(EndPoint at, AdminPages pages, AdminCounters counters, ILogger log, TimeProvider time, AdminLimits? limits = null)
    {
        (_pages, _log, _time, _limits) = (pages, log, time, limits ?? new AdminLimits());
        (_rejected, _served) = (counters.Rejected, counters.Served);
        var unix = at is UnixDomainSocketEndPoint;
        _listener = new Socket(at.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            // One wildcard listener for both families where the address is the IPv6 one.
            if (at is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any)) _listener.DualMode = true;
            _listener.Bind(at);
            _listener.Listen(Backlog);
            _causes = new CauseLog(time, log, _listener.LocalEndPoint is IPEndPoint { Port: var port } ? $"{port} " : "local socket ");
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    /// <summary>Where it listens; tells the port when it was bound to port 0.</summary>
    public EndPoint EndPoint => _listener.LocalEndPoint!;

    /// <summary>Serves until told to stop, and returns when its last connection has gone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var live = new TaskSet(_log);
        var open = new List<AdminConnection>();
        var backoff = new Backoff(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1), new Random(Environment.ProcessId));
        try
        {
            while (true)
            {
                Socket client;
                try
                {
                    client = await _listener.AcceptAsync(stop);
                    backoff.Reset();
                }
                catch (SocketException fault) when (!stop.IsCancellationRequested)
                {
                    _rejected.With("accept_failed").Increment(); // Out of descriptors, or the client has gone.
                    if (backoff.Failures == 0) _log.LogWarning("accept failed: {Error}", fault.SocketErrorCode);
                    await backoff.WaitAsync(_time, stop);
                    continue;
                }
                if (!MakeRoom(open))
                {
                    client.Dispose();
                    continue;
                }
                var connection = new AdminConnection(client, _pages, _limits, _rejected, _served, _causes, _log, _time);
                open.Add(connection);
                live.Add(connection.RunAsync(stop));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary way out.
        }
        finally
        {
            _listener.Dispose();
            await live.WhenAllAsync();
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>
    /// When all places are taken, the client that has said nothing for longest loses its own: those who only hold a place must not keep a
    /// health check out. False when all are being answered.
    /// </summary>
    private bool MakeRoom(List<AdminConnection> open)
    {
        if (open.Count < _limits.ConnectionsMax) return true;
        open.RemoveAll(static one => one.IsDone);
        if (open.Count < _limits.ConnectionsMax) return true;
        _rejected.With("too_many_connections").Increment();
        _causes.Warn("too_many_connections", $"{_limits.ConnectionsMax} are open already", "a new peer");
        if (open.Where(static one => one.WaitingSince is not null).MinBy(static one => one.WaitingSince) is not { } quiet) return false;
        open.Remove(quiet);
        quiet.GiveUp();
        return true;
    }
}
