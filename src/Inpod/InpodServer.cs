using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;

namespace Mesh.Inpod;

/// <summary>
/// The agent's end of ZDS: gives every ztunnel that connects the whole picture, then each change. Lives on one loop; the methods that
/// return tasks may be called from any thread.
/// </summary>
public sealed class InpodServer : ILoopAcceptor, ILoopTimerTarget, IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly InpodServerOptions _options;
    private readonly IInpodAgent _agent;
    private readonly List<InpodServerConnection> _connections = []; // In the order of connecting: the newest is last.
    private readonly Queue<AcceptedSocket> _accepted = new();
    private readonly LoopTimer _acceptTimer;
    private LoopListener? _listener;
    private TaskCompletionSource _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private InpodServer(EventLoop loop, InpodServerOptions options, IInpodAgent agent)
    {
        (_loop, _options, _agent) = (loop, options, agent);
        _acceptTimer = new LoopTimer(loop, this);
    }

    /// <summary>Listens and begins to serve. Throws when the path cannot be bound.</summary>
    public static Task<InpodServer> StartAsync(EventLoop loop, InpodServerOptions options, IInpodAgent agent)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        return loop.InvokeAsync(
            () =>
            {
                var server = new InpodServer(loop, options, agent);
                var error = LoopListener.TryListenUnix(loop, options.Path, InpodServerOptions.Kind, options.Mode, server, out server._listener);
                return error == Errno.None
                    ? Task.FromResult(server)
                    : Task.FromException<InpodServer>(new LinuxException($"listen on {options.Path}", error));
            });
    }

    /// <summary>
    /// Tells every ztunnel of a pod. The answer is the newest one's, for it will outlive the others; if that one is lost meanwhile, the
    /// next newest one's. With nobody connected it waits this long for somebody.
    /// </summary>
    public Task<InpodOutcome> AddAsync(string uid, PodInfo info, NetworkNamespace inside, TimeSpan waitForZtunnel)
    {
        ArgumentNullException.ThrowIfNull(inside);
        return _loop.InvokeAsync(
            async () =>
            {
                if (!HasGreeted && waitForZtunnel > TimeSpan.Zero) await WaitForZtunnelAsync(waitForZtunnel);
                return await AskAllAsync(InpodRequest.Add(uid, info), inside, newestDecides: true);
            });
    }

    /// <summary>Tells every ztunnel that a pod is over; acked when all that are still there said so, or nobody is.</summary>
    public Task<InpodOutcome> DeleteAsync(string uid) =>
        _loop.InvokeAsync(() => AskAllAsync(InpodRequest.Delete(uid), inside: null, newestDecides: false));

    public void OnAccepted(AcceptedSocket accepted)
    {
        if (_accepted.Count + _connections.Count >= _options.ConnectionsMax)
        {
            accepted.Close();
            return;
        }

        _accepted.Enqueue(accepted);
        if (!_acceptTimer.IsArmed) AdmitNext();
    }

    public void OnTimer(LoopTimer timer)
    {
        if (_accepted.Count > 0) AdmitNext();
    }

    public async ValueTask DisposeAsync() => await _loop.InvokeAsync(
        () =>
        {
            _listener?.Dispose();
            _acceptTimer.Cancel();
            while (_accepted.TryDequeue(out var accepted)) accepted.Close();
            foreach (var connection in _connections.ToArray()) connection.Close("the agent ends");
            return Task.CompletedTask;
        });

    internal IReadOnlyList<InpodPod> TakeSnapshot() => _agent.TakeSnapshot();

    internal void OnSnapshotRefused(string uid, string error) => _agent.OnSnapshotRefused(uid, error);

    internal void OnGreeted()
    {
        _greeted.TrySetResult();
        _agent.OnConnectionsChanged(CountGreeted(), lost: null);
    }

    internal void OnClosed(InpodServerConnection connection, string why)
    {
        _connections.Remove(connection);
        if (!HasGreeted && _greeted.Task.IsCompleted) _greeted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _agent.OnConnectionsChanged(CountGreeted(), why);
    }

    private bool HasGreeted => CountGreeted() > 0;

    private int CountGreeted()
    {
        var count = 0;
        foreach (var connection in _connections)
        {
            if (connection.IsGreeted) count++;
        }

        return count;
    }

    private void AdmitNext()
    {
        _acceptTimer.Arm(_options.AcceptInterval);
        var connection = new InpodServerConnection(this, _accepted.Dequeue().AttachTo(_loop), _options);
        _connections.Add(connection);
        connection.Start();
    }

    private async Task WaitForZtunnelAsync(TimeSpan wait)
    {
        try
        {
            await _greeted.Task.WaitAsync(wait, _loop.Time);
        }
        catch (TimeoutException)
        {
            // The caller learns it from there being nobody to ask.
        }
    }

    private async Task<InpodOutcome> AskAllAsync(InpodRequest request, NetworkNamespace? inside, bool newestDecides)
    {
        var asked = new List<InpodAsk>(_connections.Count);
        foreach (var connection in _connections.ToArray())
        {
            var ask = new InpodAsk(request, inside);
            if (connection.IsGreeted) asked.Add(ask); // Others get it behind their snapshot, but nobody waits for a stranger's hello.
            connection.Enqueue(ask);
        }

        if (asked.Count == 0) return newestDecides ? InpodOutcome.NotConnected : InpodOutcome.Acked;
        var outcome = InpodOutcome.Acked;
        for (var i = asked.Count - 1; i >= 0; i--)
        {
            var answer = await asked[i].Answer;
            if (newestDecides)
            {
                outcome = answer;
                if (answer.Result != InpodResult.Lost) break;
            }
            else if (answer.Result == InpodResult.Refused)
            {
                outcome = answer;
            }
        }

        return outcome;
    }
}
