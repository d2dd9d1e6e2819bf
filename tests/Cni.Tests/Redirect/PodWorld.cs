using System.Diagnostics;
using System.Net;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Sockets;

namespace Mesh.Cni.Tests.Redirect;

/// <summary>A node and a pod as two real network namespaces joined by a pair of links, both families, with one loop for all sockets.</summary>
internal sealed class PodWorld : IAsyncDisposable
{
    public static readonly IPAddress NodeV4 = IPAddress.Parse("10.77.0.1");
    public static readonly IPAddress PodV4 = IPAddress.Parse("10.77.0.2");
    public static readonly IPAddress NodeV6 = IPAddress.Parse("fd77::1");
    public static readonly IPAddress PodV6 = IPAddress.Parse("fd77::2");
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly List<Exception> _faults = [];

    private PodWorld(NetworkNamespace node, NetworkNamespace pod)
    {
        (Node, Pod) = (node, pod);
        Loop = EventLoop.Start(new EventLoopOptions { Name = "world", OnFault = (_, e) => _faults.Add(e) });
    }

    public NetworkNamespace Node { get; }

    public NetworkNamespace Pod { get; }

    public EventLoop Loop { get; }

    public static PodWorld CreateOrSkip()
    {
        foreach (var tool in new[] { "/usr/sbin/ip", "/usr/sbin/nft" })
        {
            if (!File.Exists(tool)) Assert.Skip($"needs {tool}");
        }

        NetworkNamespace node;
        try
        {
            node = NetworkNamespace.CreateNew();
        }
        catch (LinuxException e) when (e.Error == Errno.NotPermitted)
        {
            Assert.Skip("needs CAP_SYS_ADMIN to create network namespaces");
            throw;
        }

        var pod = NetworkNamespace.CreateNew();
        // The other end of the pair moves to the namespace of a process: a sleeping one holds it for a moment.
        using var holder = pod.Run(() => Process.Start(new ProcessStartInfo("sleep", "30"))!);
        try
        {
            node.Run(() =>
            {
                Command("ip", "link set lo up");
                Command("ip", $"link add pod0 type veth peer name eth0 netns {holder.Id}");
                Command("ip", $"addr add {NodeV4}/24 dev pod0");
                Command("ip", $"addr add {NodeV6}/64 dev pod0 nodad");
                Command("ip", "link set pod0 up");
            });
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }

        pod.Run(() =>
        {
            Command("ip", "link set lo up");
            Command("ip", $"addr add {PodV4}/24 dev eth0");
            Command("ip", $"addr add {PodV6}/64 dev eth0 nodad");
            Command("ip", "link set eth0 up");
            Command("ip", $"route add default via {NodeV4}");
            Command("ip", $"-6 route add default via {NodeV6}");
        });
        return new PodWorld(node, pod);
    }

    public static string Command(string program, string arguments, bool tolerate = false)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(tolerate || process.ExitCode == 0, $"{program} {arguments}: {errors}");
        return output;
    }

    /// <summary>Runs on the loop and fails with whatever went wrong there.</summary>
    public async Task RunAsync(Func<Task> work)
    {
        await Loop.InvokeAsync(work).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(_faults);
    }

    public Task<ConnectOutcome> DialAsync(NetworkNamespace from, IPAddress to, ushort port, InetEndpoint? source = null) =>
        LoopSocket.ConnectAsync(Loop, InetEndpoint.From(to, port), new SocketOptions { Namespace = from, BindTo = source }, Limit).AsTask();

    /// <summary>Dials and sends a word; what came back, or the error.</summary>
    public async Task<string> AskAsync(NetworkNamespace from, IPAddress to, ushort port, InetEndpoint? source = null)
    {
        var outcome = await DialAsync(from, to, port, source);
        if (outcome.Socket is not { } socket) return outcome.Error.ToString();
        var answer = await AskOnAsync(socket);
        socket.Dispose();
        return answer;
    }

    public static async Task<string> AskOnAsync(LoopSocket socket)
    {
        socket.TrySend("hello"u8, out _);
        var buffer = new byte[256];
        while (true)
        {
            var error = socket.TryReceive(buffer, out var received);
            if (error == Errno.None) return System.Text.Encoding.UTF8.GetString(buffer, 0, received);
            if (error != Errno.WouldBlock) return error.ToString();
            if (await socket.ReadableAsync(Limit) != WaitOutcome.Ready) return "silence";
        }
    }

    public TellingServer Listen(NetworkNamespace inside, ushort port, string name) => new(Loop, inside, port, name);

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync();
        Node.Dispose();
        Pod.Dispose();
    }
}
