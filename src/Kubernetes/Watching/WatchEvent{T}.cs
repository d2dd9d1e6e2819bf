namespace Mesh.Kubernetes.Watching;

/// <summary>One event of a watch.</summary>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object = null, ApiError? Error = null)
    where T : class, IKubernetesObject
{
    /// <summary>From where a later watch may resume.</summary>
    public string? ResourceVersion { get; init; }

    public UnreadableObject? Unreadable { get; init; }
}
