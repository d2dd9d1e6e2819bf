using Mesh.Http2.Flow;

namespace Mesh.Http2;

/// <summary>Everything the engine knows of one stream, as plain values.</summary>
internal struct Stream(int id, StreamState state, int sendBytes, int receiveBytes)
{
    public int Id { get; } = id;
    public StreamState State = state;
    public FlowWindow Send = new(sendBytes);
    public ReceiveWindow Receive = new(receiveBytes);

    /// <summary>Delivered to the owner and not yet consumed; still charged to the connection.</summary>
    public int Unconsumed;

    /// <summary>A final response passed, in whichever direction the role says.</summary>
    public bool Answered;

    /// <summary>The request was a CONNECT.</summary>
    public bool IsConnect;

    public readonly bool PeerMaySend => State is StreamState.Open or StreamState.HalfClosedLocal;
    public readonly bool WeMaySend => State is StreamState.Open or StreamState.HalfClosedRemote;

    public void EndPeer() => State = State == StreamState.HalfClosedLocal ? StreamState.Closed : StreamState.HalfClosedRemote;

    public void EndOurs() => State = State == StreamState.HalfClosedRemote ? StreamState.Closed : StreamState.HalfClosedLocal;
}
