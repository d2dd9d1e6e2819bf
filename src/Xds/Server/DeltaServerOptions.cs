namespace Mesh.Xds.Server;

/// <summary>Bounds of a delta server.</summary>
public sealed record DeltaServerOptions
{
    /// <summary>Largest request. A reconnecting client lists all it holds: 1 MiB per 10,000 resources.</summary>
    public int RequestBytesMax { get; init; } = 32 * 1024 * 1024;
    /// <summary>Resource types one stream may ask for, known or not.</summary>
    public int TypesPerStreamMax { get; init; } = 16;
    /// <summary>Streams in all.</summary>
    public int StreamsMax { get; init; } = 10_000;
    /// <summary>Names that may wait for one slow client; above, its stream ends and it comes back with its versions.</summary>
    public int PendingNamesMax { get; init; } = 1_000_000;
    /// <summary>How long a stream lives before the client has to authenticate again; plus or minus a tenth.</summary>
    public TimeSpan StreamAgeMax { get; init; } = TimeSpan.FromMinutes(30);
    /// <summary>How long a peer may take to say who it is.</summary>
    public TimeSpan FirstRequestWithin { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>How long a push may stay unanswered.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromMinutes(5);
}
