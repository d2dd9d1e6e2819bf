namespace Mesh.Kubernetes.Watching;

/// <summary>What a watch says.</summary>
public enum WatchEventType
{
    Added,
    Modified,
    Deleted,
    /// <summary>Nothing changed up to this resource version.</summary>
    Bookmark,
    /// <summary>The server gave up; the error says why. Reason Expired asks for a new list.</summary>
    Error,
    /// <summary>An object changed whose JSON does not fit the type.</summary>
    Unreadable,
    /// <summary>The stream ended, in order or not; no event follows.</summary>
    Closed,
}
