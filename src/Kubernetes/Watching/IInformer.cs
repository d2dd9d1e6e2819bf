namespace Mesh.Kubernetes.Watching;

/// <summary>An informer of any kind, for those who start it, wait for it and export its counters.</summary>
public interface IInformer
{
    ResourceType ResourceType { get; }

    bool HasSynced { get; }

    /// <summary>Full lists taken, the first one included.</summary>
    long Relists { get; }

    /// <summary>Watches opened after the first.</summary>
    long WatchRestarts { get; }

    long EventsRead { get; }

    /// <summary>Lists and watches that failed.</summary>
    long Failures { get; }

    /// <summary>Objects left out because their JSON does not fit.</summary>
    long Unreadable { get; }

    int Count { get; }

    Task RunAsync(CancellationToken stop);

    Task WaitForSyncAsync(CancellationToken stop);
}
