using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;

namespace Mesh.Inpod.Tests;

/// <summary>A server on a loop of its own with a socket in a fresh folder, and the agent's view of pods behind it.</summary>
internal sealed class TestNode : IInpodAgent, IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("inpod");

    public EventLoop Loop { get; } = EventLoop.Start(new EventLoopOptions { Name = "zds", OnFault = (_, e) => throw e });

    public List<InpodPod> Pods { get; } = [];

    public List<string> Lost { get; } = [];

    public List<string> Refused { get; } = [];

    public int Live { get; private set; }

    public InpodServer Server { get; private set; } = null!;

    public string Path => System.IO.Path.Combine(_folder.FullName, "ztunnel.sock");

    public static async Task<TestNode> StartAsync(Func<InpodServerOptions, InpodServerOptions>? change = null)
    {
        var node = new TestNode();
        var options = new InpodServerOptions { Path = node.Path, AcceptInterval = TimeSpan.FromMilliseconds(1) };
        node.Server = await InpodServer.StartAsync(node.Loop, change?.Invoke(options) ?? options, node);
        return node;
    }

    public static NetworkNamespace OwnNamespace() => NetworkNamespace.Open("/proc/self/ns/net");

    public IReadOnlyList<InpodPod> TakeSnapshot() => Pods.ToArray();

    public void OnConnectionsChanged(int live, string? lost)
    {
        Live = live;
        if (lost is not null) Lost.Add(lost);
    }

    public void OnSnapshotRefused(string uid, string error) => Refused.Add($"{uid}: {error}");

    public Task RunAsync(Func<Task> work) => Loop.InvokeAsync(work).WaitAsync(TimeSpan.FromSeconds(20));

    public Task<T> RunAsync<T>(Func<Task<T>> work) => Loop.InvokeAsync(work).WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Connects as ztunnel does and takes the snapshot, acknowledging everything.</summary>
    public Task<(InpodConnection Connection, List<InpodEvent> Snapshot)> ConnectAsync(Func<InpodEvent, string?>? reply = null) => RunAsync(async () =>
    {
        var connection = await new InpodClient(Loop, Path).ConnectAsync(CancellationToken.None);
        var events = new List<InpodEvent>();
        do
        {
            events.Add(await connection.NextAsync(CancellationToken.None));
            if (events[^1] is InpodEvent.Closed) break;
            connection.TryReply(reply?.Invoke(events[^1]));
        }
        while (events[^1] is not InpodEvent.SnapshotSent);
        return (connection, events);
    });

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Loop.DisposeAsync();
        foreach (var pod in Pods) pod.Namespace?.Dispose();
        _folder.Delete(recursive: true);
    }
}
