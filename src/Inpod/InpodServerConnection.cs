using Mesh.Linux;
using Mesh.Linux.Loops;

namespace Mesh.Inpod;

/// <summary>
/// One ztunnel at the agent: hello, snapshot, then changes, strictly one unanswered request at a time. Anything late, broken or
/// unasked-for closes the connection, so an answer can never be taken for another's. Loop thread only.
/// </summary>
internal sealed class InpodServerConnection : ILoopSource, ILoopTimerTarget
{
    private readonly InpodServer _server;
    private readonly LoopSocket _socket;
    private readonly InpodServerOptions _options;
    private readonly LoopTimer _deadline;
    private readonly Queue<InpodAsk> _snapshot = new();
    private readonly Queue<InpodAsk> _changes = new();
    private readonly byte[] _packet = new byte[InpodWire.PacketBytesMax];
    private InpodAsk? _current;
    private bool _sent;

    public InpodServerConnection(InpodServer server, LoopSocket socket, InpodServerOptions options)
    {
        (_server, _socket, _options) = (server, socket, options);
        _deadline = new LoopTimer(socket.Loop, this);
    }

    public bool IsGreeted { get; private set; }

    public void Start()
    {
        _socket.Sink = this;
        _deadline.Arm(_options.HelloTimeout);
        Receive(); // The hello may be here already.
    }

    public void Enqueue(InpodAsk ask)
    {
        if (_changes.Count >= _options.QueueMax)
        {
            ask.Complete(new InpodOutcome(InpodResult.Lost, $"{_options.QueueMax} changes wait for this ztunnel already"));
            return;
        }

        _changes.Enqueue(ask);
        SendNext();
    }

    public void OnReady(ReadyEvents ready)
    {
        if (_current is not null && !_sent) SendCurrent();
        Receive();
    }

    public void OnFault(Exception fault) => Close($"fault: {fault.Message}");

    public void OnTimer(LoopTimer timer) => Close(IsGreeted ? $"no answer within {_options.RequestTimeout}" : $"no hello within {_options.HelloTimeout}");

    public void Close(string why)
    {
        if (_socket.IsDisposed) return;
        _deadline.Cancel();
        _socket.Dispose();
        IsGreeted = false;
        var lost = new InpodOutcome(InpodResult.Lost, why);
        _current?.Complete(lost);
        _current = null;
        while (_changes.TryDequeue(out var ask)) ask.Complete(lost);
        _snapshot.Clear();
        _server.OnClosed(this, why);
    }

    private void Receive()
    {
        while (!_socket.IsDisposed)
        {
            var error = _socket.TryReceivePacket(_packet, out var received);
            if (error == Errno.WouldBlock) return;
            received.DisposeDescriptors(); // ztunnel has none to give.
            if (error != Errno.None) Close($"receive failed: {error}");
            else if (received.Bytes == 0) Close("ztunnel closed the connection");
            else if (received.IsTruncated || received.Descriptors.Count > 0) Close("ztunnel sent a malformed packet");
            else Interpret(_packet.AsSpan(0, received.Bytes));
        }
    }

    private void Interpret(ReadOnlySpan<byte> packet)
    {
        if (!IsGreeted)
        {
            if (InpodWire.TryReadHello(packet, out var version)) Greet();
            else Close($"ztunnel's hello names version {version}");
            return;
        }

        if (_current is not { } answered || !_sent)
        {
            Close("ztunnel sent something unasked for");
            return;
        }

        if (!InpodWire.TryReadAck(packet, out var error))
        {
            Close("ztunnel's answer cannot be decoded");
            return;
        }

        _deadline.Cancel();
        _current = null;
        if (answered.IsSnapshot && error.Length > 0) _server.OnSnapshotRefused(answered.Request.Uid, error);
        answered.Complete(error.Length == 0 ? InpodOutcome.Acked : new InpodOutcome(InpodResult.Refused, error));
        SendNext();
    }

    private void Greet()
    {
        _deadline.Cancel();
        IsGreeted = true;
        foreach (var pod in _server.TakeSnapshot())
        {
            var request = pod.Namespace is null ? InpodRequest.Keep(pod.Uid) : InpodRequest.Add(pod.Uid, pod.Info);
            _snapshot.Enqueue(new InpodAsk(request, pod.Namespace) { IsSnapshot = true });
        }

        _snapshot.Enqueue(new InpodAsk(InpodRequest.SnapshotSent, inside: null) { IsSnapshot = true });
        _server.OnGreeted();
        SendNext();
    }

    private void SendNext()
    {
        if (!IsGreeted) return;
        while (_current is null && (_snapshot.TryDequeue(out var next) || _changes.TryDequeue(out next)))
        {
            _current = next;
            _sent = false;
            _deadline.Arm(_options.RequestTimeout);
            SendCurrent();
        }
    }

    private void SendCurrent()
    {
        var ask = _current!;
        Span<byte> packet = stackalloc byte[InpodWire.PacketBytesMax];
        var length = InpodWire.WriteRequest(ask.Request, packet);
        if (length == 0)
        {
            Drop(new InpodOutcome(InpodResult.Refused, $"the request exceeds {InpodWire.PacketBytesMax} bytes"));
            return;
        }

        Errno error;
        try
        {
            error = _socket.TrySendPacket(packet[..length], ask.Inside?.Descriptor);
        }
        catch (ObjectDisposedException)
        {
            Drop(new InpodOutcome(InpodResult.Refused, "the pod went away meanwhile")); // Its delete follows in this queue.
            return;
        }

        if (error == Errno.None) _sent = true;
        else if (error != Errno.WouldBlock) Close($"send failed: {error}");
    }

    private void Drop(InpodOutcome outcome)
    {
        _deadline.Cancel();
        _current!.Complete(outcome);
        _current = null;
    }
}
