using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// The DNS proxy of one pod: its sockets in the pod's namespace, its memory of answers, all on one worker, so that nothing is shared. Loop
/// thread only, except what says otherwise.
/// </summary>
internal sealed class PodDns : ILoopAcceptor, IDisposable
{
    private const int ConnectionsMax = 256;
    private readonly PodProxy _pod;
    private readonly Worker _worker;
    private readonly DnsSettings _settings;
    private readonly DnsForwarder _forwarder;
    private readonly DnsServer _server;
    private readonly List<DnsUdpListener> _datagrams = [];
    private readonly List<LoopListener> _streams = [];
    private readonly HashSet<DnsTcpConnection> _connections = [];

    public PodDns(PodProxy pod, Worker worker, DnsSettings settings)
    {
        (_pod, _worker, _settings) = (pod, worker, settings);
        var sockets = pod.DialOptions with { KeepAlive = null };
        _forwarder = new DnsForwarder(worker.Loop, settings.System.Servers, sockets, settings.Metrics, settings.Log);
        _server = new DnsServer(pod, worker, settings, _forwarder);
    }

    /// <summary>Any thread.</summary>
    public Worker Worker => _worker;

    /// <summary>Opens the sockets; null, or which cannot be opened and why, with none left open.</summary>
    public string? Open()
    {
        var options = _pod.ListenOptions with { V6Only = true };
        foreach (var local in _settings.Listen)
        {
            if (local.IsV6 && !_worker.Context.Options.Ipv6) continue;
            var error = OpenPair(local, options);
            if (error == Errno.None) continue;
            // A pod without IPv6 on its loopback has no such address: nobody can ask there either.
            if (local.IsV6 && error is Errno.AddressNotAvailable or Errno.FamilyNotSupported) continue;
            Dispose();
            return $"names cannot be answered on {local}: {error}";
        }

        return null;
    }

    /// <summary>Takes no more connections; what is asked already and still comes over UDP is answered until <see cref="Dispose"/>.</summary>
    public void Drain()
    {
        foreach (var listener in _streams) listener.Dispose();
        _streams.Clear();
    }

    public void Dispose()
    {
        Drain();
        foreach (var listener in _datagrams)
        {
            listener.AnswerBatch(); // What came before the end.
            listener.Dispose();
        }

        _datagrams.Clear();
        _forwarder.Dispose(); // Silence makes a client ask again; a failure would be believed.
        foreach (var connection in new List<DnsTcpConnection>(_connections)) connection.Dispose();
    }

    public void OnAccepted(AcceptedSocket accepted)
    {
        if (_connections.Count >= ConnectionsMax)
        {
            accepted.Close();
            return;
        }

        _ = ServeAsync(new DnsTcpConnection(_server, accepted.AttachTo(_worker.Loop)));
    }

    /// <summary>The first address of a name, as the pod would resolve it. Any thread.</summary>
    public Task<Ip?> ResolveAsync(string hostname, bool wantsV4) =>
        _worker.Loop.InvokeAsync(() => _server.ResolveAsync(hostname, wantsV4).AsTask());

    private Errno OpenPair(InetEndpoint local, SocketOptions options)
    {
        var error = DnsUdpListener.TryOpen(_server, local, options, out var datagrams);
        if (datagrams is null) return error;
        _datagrams.Add(datagrams);
        error = LoopListener.TryListen(_worker.Loop, local, options, this, out var streams);
        if (streams is not null) _streams.Add(streams);
        return error;
    }

    private async Task ServeAsync(DnsTcpConnection connection)
    {
        _connections.Add(connection);
        try
        {
            await connection.RunAsync();
        }
        catch (Exception fault)
        {
            _settings.Log.LogError(fault, "a DNS connection failed by a fault of the proxy");
        }
        finally
        {
            _connections.Remove(connection);
        }
    }
}
