using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Kubernetes;

/// <summary>The knobs of a client; the defaults suit a controller.</summary>
public sealed record KubernetesClientOptions
{
    /// <summary>Who owns the fields we write, unless a call says otherwise.</summary>
    public string FieldManager { get; init; } = "mesh";

    public string UserAgent { get; init; } = "mesh";

    /// <summary>For one request and its whole answer; a watch has its own.</summary>
    public TimeSpan RequestTimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan ConnectTimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>New requests leave a connection of this age, so that replicas of the API server share the load again.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A watch that says nothing for so long (bookmarks come each minute) is taken for dead.</summary>
    public TimeSpan WatchIdleLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The server ends a watch between this and twice this; a cheap resume follows.</summary>
    public TimeSpan WatchLifetime { get; init; } = TimeSpan.FromMinutes(5);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where jitter comes from; tests give a seed.</summary>
    public Random Random { get; init; } = new();

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
