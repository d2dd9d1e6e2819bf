using Mesh.Linux.Namespaces;

namespace Mesh.Inpod;

/// <summary>What ztunnel hears from the agent, in order. Each but <see cref="Closed"/> wants one reply before the next comes.</summary>
public abstract record InpodEvent
{
    private InpodEvent()
    {
    }

    /// <summary>Serve this pod. The receiver owns the namespace from now on.</summary>
    public sealed record Add(string Uid, PodInfo Info, NetworkNamespace Namespace) : InpodEvent;

    public sealed record Delete(string Uid) : InpodEvent;

    public sealed record Keep(string Uid) : InpodEvent;

    public sealed record SnapshotSent : InpodEvent;

    /// <summary>The agent went away or broke the protocol; running pods go on, connect again.</summary>
    public sealed record Closed(string Why) : InpodEvent;
}
