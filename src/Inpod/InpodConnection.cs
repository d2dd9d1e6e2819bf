using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;

namespace Mesh.Inpod;

/// <summary>One connection of ztunnel to the agent: take an event, reply, take the next. Owned by who asked for it; loop thread only.</summary>
public sealed class InpodConnection : IDisposable
{
    private readonly LoopSocket _socket;
    private readonly InpodClient _client;
    private readonly byte[] _packet = new byte[InpodWire.PacketBytesMax];
    private bool _owesReply;

    internal InpodConnection(LoopSocket socket, InpodClient client) => (_socket, _client) = (socket, client);

    /// <summary>Waits for the agent's next request; after <see cref="InpodEvent.Closed"/> there is none.</summary>
    public async Task<InpodEvent> NextAsync(CancellationToken stop)
    {
        if (_owesReply) throw new InvalidOperationException("The agent waits for the reply to its last request.");
        stop.ThrowIfCancellationRequested();
        using var cut = stop.Register(static s => ((InpodConnection)s!).CloseFromAnywhere(), this);
        while (true)
        {
            var error = _socket.TryReceivePacket(_packet, out var received);
            if (error == Errno.None) return Interpret(received);
            if (error != Errno.WouldBlock) return Close($"receive failed: {error}");
            if (await _socket.ReadableAsync() == WaitOutcome.Ready) continue;
            stop.ThrowIfCancellationRequested();
            return Close("the connection was closed here");
        }
    }

    /// <summary>Answers the last event; null or empty is success, other text is why not. False when the agent is gone.</summary>
    public bool TryReply(string? error)
    {
        if (!_owesReply) throw new InvalidOperationException("There is no request to reply to.");
        _owesReply = false;
        Span<byte> packet = stackalloc byte[InpodWire.PacketBytesMax];
        var length = InpodWire.WriteAck(error ?? string.Empty, packet);
        return _socket.TrySendPacket(packet[..length]) == Errno.None;
    }

    public void Dispose() => _socket.Dispose();

    private InpodEvent Interpret(ReceivedPacket received)
    {
        if (received.Bytes == 0)
        {
            received.DisposeDescriptors();
            return Close("the agent closed the connection");
        }

        var problem = received.IsTruncated ? "the packet was truncated" : null;
        var request = default(InpodRequest);
        if (problem is null && !InpodWire.TryReadRequest(_packet.AsSpan(0, received.Bytes), out request)) problem = "the request cannot be decoded";
        problem ??= ProblemOf(request, received.Descriptors.Count);
        NetworkNamespace? inside = null;
        if (problem is null && request.Kind == InpodRequestKind.Add)
        {
            var error = NetworkNamespace.TryAdopt(received.Descriptors[0], out inside);
            if (error != Errno.None) problem = $"the descriptor is no network namespace: {error}";
        }

        if (problem is not null)
        {
            received.DisposeDescriptors();
            _owesReply = true;
            TryReply(problem);
            return Close(problem);
        }

        _owesReply = true;
        _client.NoteHealthy();
        return request.Kind switch
        {
            InpodRequestKind.Add => new InpodEvent.Add(request.Uid, request.Info!, inside!),
            InpodRequestKind.Delete => new InpodEvent.Delete(request.Uid),
            InpodRequestKind.Keep => new InpodEvent.Keep(request.Uid),
            _ => new InpodEvent.SnapshotSent(),
        };
    }

    private static string? ProblemOf(InpodRequest request, int descriptors)
    {
        if (request.Kind != InpodRequestKind.Add) return descriptors > 0 ? $"{request.Kind} came with a descriptor" : null;
        if (request.Info is null) return "Add came without workload info";
        return descriptors == 1 ? null : $"Add came with {descriptors} descriptors instead of one";
    }

    private InpodEvent.Closed Close(string why)
    {
        _socket.Dispose();
        return new InpodEvent.Closed(why);
    }

    private void CloseFromAnywhere()
    {
        if (_socket.Loop.IsCurrent) _socket.Dispose();
        else _socket.Loop.Post(static s => ((LoopSocket)s!).Dispose(), _socket);
    }
}
