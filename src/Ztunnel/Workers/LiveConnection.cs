using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Workers;

/// <summary>
/// A connection being carried, and what is known about it: for the access log, the metrics, the admin page and for asking again when the
/// mesh changes. Belongs to its worker's loop.
/// </summary>
internal abstract class LiveConnection(PodLane lane, Direction direction, IpPort source)
{
    private long _requestReported;
    private long _responseReported;
    private ConnectionSeries? _series;
    private bool _isClosed;

    public PodLane Lane { get; } = lane;

    public Worker Worker => Lane.Worker;

    public Direction Direction { get; } = direction;

    public IpPort Source { get; } = source;

    /// <summary>What the client asked for.</summary>
    public IpPort Asked { get; protected set; }

    /// <summary>The next hop.</summary>
    public IpPort Destination { get; protected set; }

    public string? Authority { get; protected set; }

    public MeshWorkload? SourceWorkload { get; protected set; }

    /// <summary>What a client of another network says of itself; labels, and nothing that is decided by.</summary>
    public Baggage? SourceTold { get; protected set; }

    public MeshWorkload? DestinationWorkload { get; protected set; }

    public MeshService? Service { get; protected set; }

    public SpiffeId? SourceIdentity { get; protected set; }

    public SpiffeId? DestinationIdentity { get; protected set; }

    public bool IsMutualTls { get; protected set; }

    /// <summary>The operator sent it past the mesh.</summary>
    public bool IsBypass { get; protected set; }

    public long StartedAt { get; } = lane.Worker.Context.Time.GetTimestamp();

    /// <summary>Bytes from the client to the server so far.</summary>
    public abstract long RequestBytes { get; }

    public abstract long ResponseBytes { get; }

    internal LiveConnection? Next { get; set; }

    internal LiveConnection? Previous { get; set; }

    /// <summary>
    /// Carries it to its end, tracked by its worker all the while; never throws. Each kind begins, ends and reports bugs itself: a common
    /// wrapper would be a second task for every idle connection (0.3 KiB).
    /// </summary>
    public abstract Task RunAsync();

    /// <summary>Ends it now; its own code then logs and counts.</summary>
    public abstract void Cut(RelayEnd reason);

    /// <summary>The mesh changed: is this connection still right?</summary>
    public virtual void Reconsider(MeshSnapshot mesh)
    {
    }

    /// <summary>It has lived for some seconds, so it may become idle: whoever it leads to is asked now and then whether it is there.</summary>
    public virtual void KeepAlive()
    {
    }

    /// <summary>Asked every few seconds: was something awaited on its behalf that did not come in time?</summary>
    public virtual void Lapse()
    {
    }

    /// <summary>Adds to the metrics what was carried since the last time.</summary>
    public void Report()
    {
        if (_series is not { } series) return;
        var (request, response) = (RequestBytes, ResponseBytes);
        if (request != _requestReported) series.Received.Add(request - _requestReported);
        if (response != _responseReported) series.Sent.Add(response - _responseReported);
        (_requestReported, _responseReported) = (request, response);
    }

    /// <summary>Everything about it is known: it counts as open.</summary>
    protected void Open()
    {
        var key = Key();
        _series = Worker.Series.Find(key);
        _series.Opened.Increment();
        Worker.Context.AccessLog.Opened(this);
    }

    /// <summary>Its tunnel is known: counted when a later revocation list would not find it.</summary>
    protected void NotePeer(TunnelPeer peer)
    {
        if (peer.ChainKeys.IsDefault && Worker.Context.Options.CrlPath is not null) Worker.Context.Metrics.CountUntracked(Direction);
    }

    /// <summary>The end, once: counted and logged.</summary>
    protected void Close(ResponseFlag flag, string? error)
    {
        if (_isClosed) return;
        _isClosed = true;
        Report();
        var metrics = Worker.Context.Metrics;
        if (_series is { } series) metrics.CountClosed(series, flag);
        else metrics.CountFailure(Key(), flag == ResponseFlag.None ? ResponseFlag.Connect : flag);
        Worker.Context.AccessLog.Closed(this, error);
    }

    /// <summary>A bug ended this connection, and no other.</summary>
    protected void EndByFault(Exception fault)
    {
        Worker.LogFault(fault);
        Close(ResponseFlags.Of(RelayEnd.Fault, 0), ResponseFlags.TextOf(RelayEnd.Fault, 0));
    }

    /// <summary>Refused before anything was known: one line with the addresses.</summary>
    protected void Refuse(ushort port, string word, string error)
    {
        if (_isClosed) return;
        _isClosed = true;
        Worker.Context.Metrics.CountRefused(port, word);
        Worker.Context.AccessLog.Failed(Source, Asked, Direction, error);
    }

    private SeriesKey Key() => new(Direction, SourceWorkload, DestinationWorkload, Service, SourceIdentity, IsMutualTls, SourceTold);
}
