using Microsoft.Extensions.Logging;

namespace Mesh.Kubernetes;

/// <summary>Every sentence this library logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Know all {Count} {Type}.")]
    public static partial void InformerSynced(this ILogger logger, ResourceType type, int count);

    [LoggerMessage(2, LogLevel.Warning, "The {What} of {Type} failed: {Error}")]
    public static partial void InformerFailed(this ILogger logger, string what, ResourceType type, ApiError error);

    [LoggerMessage(
        3, LogLevel.Warning, "{Type} {Key} at version {Version} is not what its kind promises, so its last readable state stays: {Problem}")]
    public static partial void ObjectUnreadable(this ILogger logger, ResourceType type, ObjectKey key, string version, string problem);

    [LoggerMessage(4, LogLevel.Warning, "A subscriber to {Type} is {Depth} changes behind; the watch waits for it.")]
    public static partial void SubscriberIsSlow(this ILogger logger, ResourceType type, int depth);

    [LoggerMessage(10, LogLevel.Error, "Reconciling {Type} {Key} failed; next attempt in {Delay}.")]
    public static partial void ReconcileThrew(this ILogger logger, Exception problem, ResourceType type, ObjectKey key, TimeSpan delay);

    [LoggerMessage(11, LogLevel.Warning, "Reconciling {Type} {Key} did not succeed; next attempt in {Delay}: {Problem}")]
    public static partial void ReconcileFailed(this ILogger logger, ResourceType type, ObjectKey key, TimeSpan delay, string problem);

    [LoggerMessage(12, LogLevel.Warning, "Reconciling {Type} {Key} cannot succeed until something changes: {Problem}")]
    public static partial void ReconcileGaveUp(this ILogger logger, ResourceType type, ObjectKey key, string problem);

    [LoggerMessage(13, LogLevel.Error, "The work queue of {Type} is full; {Key} waits for the next resync.")]
    public static partial void QueueFull(this ILogger logger, ResourceType type, ObjectKey key);

    [LoggerMessage(20, LogLevel.Information, "Leading: {Holder} holds lease {Lease}.")]
    public static partial void LeaseTaken(this ILogger logger, string holder, ObjectKey lease);

    [LoggerMessage(21, LogLevel.Warning, "No longer leading: {Holder} lost lease {Lease}: {Why}")]
    public static partial void LeaseLost(this ILogger logger, string holder, ObjectKey lease, string why);

    [LoggerMessage(22, LogLevel.Warning, "Lease {Lease}: {Error}")]
    public static partial void LeaseFailed(this ILogger logger, ObjectKey lease, ApiError error);

    [LoggerMessage(23, LogLevel.Information, "Released lease {Lease}.")]
    public static partial void LeaseReleased(this ILogger logger, ObjectKey lease);

    [LoggerMessage(30, LogLevel.Warning, "An event for {Object} could not be written ({Reason}): {Error}")]
    public static partial void EventFailed(this ILogger logger, string @object, string reason, ApiError error);
}
