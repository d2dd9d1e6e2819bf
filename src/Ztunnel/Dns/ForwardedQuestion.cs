using Mesh.Dns;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// One question in flight: asked of one server after another, earlier ones still listened to; over TCP when the answer is too long for a
/// datagram; the first good answer ends it. Loop thread only.
/// </summary>
internal sealed class ForwardedQuestion : ILoopTimerTarget
{
    /// <summary>Datagrams sent for one question, over all servers. With <see cref="DnsForwarder.AttemptTimeout"/>: less than a client waits.</summary>
    private const int AttemptsMax = 3;

    /// <summary>Askers that share one answer.</summary>
    private const int WaitersMax = 256;
    private readonly DnsForwarder _owner;
    private readonly byte[] _name;
    private readonly DnsType _type;
    private readonly ushort _class;
    private readonly DnsFlags _flags;
    private readonly DnsEdns? _edns;
    private readonly DnsAsker _asker;
    private readonly List<IDnsWaiter> _waiters;
    private readonly List<DnsAttempt> _attempts = new(1);
    private readonly LoopTimer _timer;
    private readonly long _began;
    private LoopSocket? _stream;
    private byte[]? _lastResort;
    private int _tries;
    private bool _isStreaming;
    private bool _isDone;

    public ForwardedQuestion(DnsForwarder owner, byte[] key, in DnsAsk ask, IDnsWaiter first)
    {
        (_owner, Key, _waiters) = (owner, key, [first]);
        (_name, _type, _class, _flags, _edns, _asker) = (ask.Name.ToArray(), ask.Type, ask.Class, ask.Flags, ask.Edns, ask.Asker);
        _timer = new LoopTimer(owner.Loop, this);
        _began = owner.Loop.Time.GetTimestamp();
    }

    public byte[] Key { get; }

    public EventLoop Loop => _owner.Loop;

    public bool TryJoin(IDnsWaiter waiter)
    {
        if (_waiters.Count >= WaitersMax) return false;
        _waiters.Add(waiter);
        return true;
    }

    public void Start()
    {
        _owner.Metrics?.CountUpstream(_asker, _type);
        TryNext();
    }

    public void OnTimer(LoopTimer timer) => TryNext();

    /// <summary>Looks at a datagram; true when the question is over or goes on elsewhere, false when it was somebody else's.</summary>
    public bool TryTake(ReadOnlySpan<byte> message, DnsAttempt from)
    {
        switch (DnsReply.TryRead(message, from.Id, _name, _type, _class, out var reply))
        {
            case DnsReplyRead.Complete:
                Take(reply, message);
                return true;
            case DnsReplyRead.Truncated:
                _lastResort = message.ToArray(); // Better than nothing: the client may ask over TCP itself.
                _timer.Arm(DnsForwarder.AttemptTimeout);
                if (!_isStreaming) _ = RunStreamAsync(from);
                return true;
            case DnsReplyRead.Malformed:
                OnAttemptFailed(from);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Nobody will answer this one: the next at once.</summary>
    public void OnAttemptFailed(DnsAttempt attempt)
    {
        if (_isDone) return;
        attempt.Dispose();
        _attempts.Remove(attempt);
        if (_attempts.Count == 0 && !_isStreaming) TryNext();
    }

    /// <summary>Ends it without an answer.</summary>
    public void Fail()
    {
        if (_isDone) return;
        _owner.Metrics?.CountFailure(_asker, _type);
        if (_lastResort is { } last)
        {
            End();
            foreach (var waiter in _waiters) waiter.OnReply(last);
            return;
        }

        End();
        foreach (var waiter in _waiters) waiter.OnFailure();
    }

    private void TryNext()
    {
        while (!_isDone && _tries < AttemptsMax)
        {
            var server = _owner.Servers[_tries++ % _owner.Servers.Length];
            if (DnsAttempt.TryBegin(this, Loop, server, _owner.Sockets, out var attempt) != Errno.None) continue;
            if (attempt!.TrySend(Query(attempt.Id)) is not (Errno.None or Errno.WouldBlock))
            {
                attempt.Dispose();
                continue;
            }

            _attempts.Add(attempt);
            _timer.Arm(DnsForwarder.AttemptTimeout);
            return;
        }

        Fail();
    }

    private void Take(in DnsReply reply, ReadOnlySpan<byte> message)
    {
        if (_isDone) return;
        var code = reply.Header.ResponseCode;
        if (code is not (DnsResponseCode.NoError or DnsResponseCode.NameError) && _tries < _owner.Servers.Length)
        {
            _lastResort = message.ToArray(); // Another server may be able to; if none is, this is the answer.
            TryNext();
            return;
        }

        var kept = message.ToArray();
        _owner.Metrics?.ObserveUpstream(_asker, _type, Loop.Time.GetElapsedTime(_began));
        var isNegative = code == DnsResponseCode.NameError || reply.Header.Answers == 0;
        _owner.Cache.Store(Key, kept, reply.LifetimeSeconds(), isNegative, Loop.NowMilliseconds);
        End();
        foreach (var waiter in _waiters) waiter.OnReply(kept);
    }

    private ReadOnlySpan<byte> Query(ushort id)
    {
        var room = Loop.SendScratch[..(2 * DnsEdns.PayloadBytesMin)];
        var writer = new DnsWriter(room, id, _flags);
        writer.TryQuestion(_name, _type, _class);
        if (_edns is { } edns) writer.TryOpt(edns);
        return room[..writer.Finish()];
    }

    private async Task RunStreamAsync(DnsAttempt datagram)
    {
        _isStreaming = true;
        try
        {
            await AskOverStreamAsync(datagram);
        }
        catch (Exception fault)
        {
            _owner.Log.LogError(fault, "a question over TCP failed by a fault of the proxy");
        }

        (_stream, _isStreaming) = (null, false);
        OnAttemptFailed(datagram); // Has no effect when the answer came.
    }

    private async Task AskOverStreamAsync(DnsAttempt datagram)
    {
        var query = Query(datagram.Id).ToArray();
        var connected = await LoopSocket.ConnectAsync(Loop, datagram.Server, _owner.Sockets, DnsForwarder.AttemptTimeout);
        if (connected.Socket is not { } socket) return;
        using (socket)
        {
            if (_isDone) return;
            _stream = socket;
            if (!await DnsFraming.WriteAsync(socket, query, DnsForwarder.AttemptTimeout)) return;
            var patience = DnsForwarder.AttemptTimeout;
            if (await DnsFraming.ReadAsync(socket, DnsFraming.MessageBytesMax, patience, patience) is not { } message) return;
            if (DnsReply.TryRead(message, datagram.Id, _name, _type, _class, out var reply) == DnsReplyRead.Complete) Take(reply, message);
        }
    }

    private void End()
    {
        _isDone = true;
        _timer.Cancel();
        foreach (var attempt in _attempts) attempt.Dispose();
        _attempts.Clear();
        _stream?.Dispose();
        _owner.Forget(this);
    }
}
