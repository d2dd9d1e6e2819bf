using System.Net;
using System.Net.Sockets;

namespace Mesh.Kubernetes.Tests.Support;

/// <summary>A TCP relay to the real server that a test can cut and mend, as a network can.</summary>
internal sealed class Forwarder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly Lock _guard = new();
    private readonly List<TcpClient> _open = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private bool _cut;

    public Forwarder(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        lock (_guard)
        {
            _cut = true;
            foreach (var one in _open) one.Close();
            _open.Clear();
        }
    }

    public void Mend()
    {
        lock (_guard) _cut = false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RelayAsync(TcpClient from)
    {
        using var to = new TcpClient();
        try
        {
            lock (_guard)
            {
                if (!_cut) _open.AddRange([from, to]);
            }

            if (_cut) return;
            await to.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(from.GetStream().CopyToAsync(to.GetStream()), to.GetStream().CopyToAsync(from.GetStream()));
        }
        catch (Exception problem) when (problem is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        finally
        {
            from.Dispose();
        }
    }
}
