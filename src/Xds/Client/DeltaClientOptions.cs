namespace Mesh.Xds.Client;

/// <summary>How a delta client reaches its server and what it asks for.</summary>
public sealed record DeltaClientOptions
{
    /// <summary>Where the server is, such as <c>https://istiod.istio-system.svc:15012</c>.</summary>
    public required Uri Server { get; init; }
    public required DeltaNode Node { get; init; }
    /// <summary>Makes the invoker of one stream, with the roots and names of that moment; disposed when the stream ends.
    /// May throw when its files are unreadable: that is a failed attempt.</summary>
    public required Func<HttpMessageInvoker> Connect { get; init; }
    /// <summary>Reads the bearer token for one stream; null sends none.</summary>
    public Func<CancellationToken, ValueTask<string?>> Token { get; init; } = static _ => ValueTask.FromResult<string?>(null);
    /// <summary>Value of the <c>clusterid</c> header.</summary>
    public string ClusterId { get; init; } = "Kubernetes";
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
    /// <summary>Asks only for addresses that somebody needs (<see cref="DeltaClient.Request"/>) instead of all.</summary>
    public bool OnDemand { get; init; }
    /// <summary>Largest response.</summary>
    public int ResponseBytesMax { get; init; } = 200 * 1024 * 1024;
    /// <summary>Versions held are listed up to this size on reconnect; servers commonly accept requests of 4 MiB.</summary>
    public int InitialRequestBytesMax { get; init; } = 3_500_000;
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(10);
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(15);
    /// <summary>Resources per batch handed to the consumer.</summary>
    public int BatchResources { get; init; } = 4096;
}
