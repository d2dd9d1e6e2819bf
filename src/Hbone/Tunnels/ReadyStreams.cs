namespace Mesh.Hbone.Tunnels;

/// <summary>Streams whose applications have bytes to send, in order of arrival; linked through the streams, so it allocates nothing.</summary>
internal struct ReadyStreams
{
    private TunnelStream? first;
    private TunnelStream? last;

    public readonly bool IsEmpty => first is null;

    public void Add(TunnelStream stream)
    {
        if (stream.IsReady) return;
        stream.IsReady = true;
        stream.NextReady = null;
        if (last is null) first = stream;
        else last.NextReady = stream;
        last = stream;
    }

    public TunnelStream? TakeFirst()
    {
        if (first is not { } taken) return null;
        first = taken.NextReady;
        if (first is null) last = null;
        taken.NextReady = null;
        taken.IsReady = false;
        return taken;
    }

    public void PutBack(TunnelStream stream)
    {
        if (stream.IsReady) return;
        stream.IsReady = true;
        stream.NextReady = first;
        first = stream;
        last ??= stream;
    }
}
