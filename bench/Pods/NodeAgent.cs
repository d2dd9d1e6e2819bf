using Mesh.Inpod;
using Mesh.Linux.Loops;

namespace Mesh.Bench.Pods;

/// <summary>
/// One node's agent: hands its pods' namespaces to whichever ztunnel connects, over ZDS. Its answers come from a loop of its own;
/// everything else belongs to the main thread.
/// </summary>
internal sealed class NodeAgent : IInpodAgent, IDisposable
{
    private readonly InpodPod[] offered;
    private readonly EventLoop loop;
    private readonly InpodServer server;
    private volatile string? problem;

    public NodeAgent(string name, string netns, BenchPod[] pods)
    {
        (Name, Netns, Pods) = (name, netns, pods);
        Socket = $"{Site.AgentSocketPrefix}{name}.sock";
        offered = [.. pods.Select(pod => new InpodPod($"uid-{pod.Name}", new PodInfo(pod.Name, "default", pod.Name), pod.Namespace))];
        loop = EventLoop.Start(new EventLoopOptions { Name = $"agent-{name}", OnFault = (what, e) => problem = $"{what}: {e.Message}" });
        server = InpodServer.StartAsync(loop, new InpodServerOptions { Path = Socket }, this).GetAwaiter().GetResult();
    }

    /// <summary>The node, as its workloads name it.</summary>
    public string Name { get; }

    /// <summary>Where the node's ztunnel runs.</summary>
    public string Netns { get; }

    public BenchPod[] Pods { get; }

    /// <summary>Where ztunnel dials.</summary>
    public string Socket { get; }

    /// <summary>Why ztunnel does not serve a pod; it tries again by itself, but then there is nothing to measure.</summary>
    public void ThrowIfRefused()
    {
        if (problem is { } reason) throw new BenchException($"node {Name}: {reason}");
    }

    public IReadOnlyList<InpodPod> TakeSnapshot() => offered;

    public void OnConnectionsChanged(int live, string? lost)
    {
        // Proxies come and go with the rounds; whether one is ready, it says itself.
    }

    public void OnSnapshotRefused(string uid, string error) => problem = $"{uid} was refused: {error}";

    public void Dispose()
    {
        server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        loop.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
