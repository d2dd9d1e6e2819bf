namespace Mesh.Ztunnel.Workers;

/// <summary>The connections of one worker, as a list through the connections themselves: tracking costs no memory. Loop thread only.</summary>
internal sealed class LiveConnections
{
    private LiveConnection? _first;

    public int Count { get; private set; }

    public void Add(LiveConnection connection)
    {
        connection.Next = _first;
        if (_first is { } first) first.Previous = connection;
        _first = connection;
        Count++;
    }

    public void Remove(LiveConnection connection)
    {
        if (connection.Previous is { } previous) previous.Next = connection.Next;
        else _first = connection.Next;
        if (connection.Next is { } next) next.Previous = connection.Previous;
        connection.Next = connection.Previous = null;
        Count--;
    }

    /// <summary>Visits every connection; the visitor may end the one it is shown, for continuations never run inside it.</summary>
    public void Each<TState>(Action<LiveConnection, TState> visit, TState state)
    {
        for (var at = _first; at is not null;)
        {
            var next = at.Next;
            visit(at, state);
            at = next;
        }
    }
}
