using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mesh.Bench.Pods;

namespace Mesh.Bench.Measures;

/// <summary>
/// A connection for each pair of identities, all begun together. The calling thread drives and times them; they stay open, their
/// tunnels in use, until the burst is disposed.
/// </summary>
internal sealed class Burst : IDisposable
{
    private const int MicrosecondsPerLook = 100_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();
    private readonly (Socket Socket, IPEndPoint Server)[] connections;

    /// <summary>Only makes the sockets, each inside its client's pod.</summary>
    public Burst(PodSite site)
    {
        connections = new (Socket, IPEndPoint)[PodSite.Pairs];
        for (var client = 0; client < PodSite.PodsPerNode; client++)
        {
            var sockets = site.Clients.Pods[client].Namespace.Run(MakeSockets);
            for (var i = 0; i < sockets.Length; i++)
            {
                // Neighbours in time have neither client nor server in common.
                var server = site.Servers.Pods[(i + client) % PodSite.PodsPerNode];
                connections[i * PodSite.PodsPerNode + client] = (sockets[i], new IPEndPoint(IPAddress.Parse(server.Ip), Site.HttpPort));
            }
        }
    }

    /// <summary>Until each has its first byte: the time of all, and each one's microseconds from its connect.</summary>
    public (TimeSpan Elapsed, List<double> Microseconds) Run()
    {
        var began = new Dictionary<Socket, long>(connections.Length);
        var microseconds = new List<double>(connections.Length);
        var start = Stopwatch.GetTimestamp();
        foreach (var (socket, server) in connections)
        {
            began.Add(socket, Stopwatch.GetTimestamp());
            socket.Connect(server); // To the pod's own proxy: the kernel's work alone.
            socket.Send(Request);
        }

        var buffer = new byte[4096];
        while (began.Count > 0)
        {
            var ready = new List<Socket>(began.Keys);
            Socket.Select(ready, checkWrite: null, checkError: null, MicrosecondsPerLook);
            foreach (var socket in ready)
            {
                var remote = socket.RemoteEndPoint;
                if (socket.Receive(buffer) == 0) throw new BenchException($"a connection to {remote} was closed without an answer");
                began.Remove(socket, out var begin);
                microseconds.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            }

            if (Stopwatch.GetElapsedTime(start) > Patience) throw new BenchException($"{began.Count} of {PodSite.Pairs} pairs have no answer after {Patience.TotalSeconds:0} s");
        }

        return (Stopwatch.GetElapsedTime(start), microseconds);
    }

    public void Dispose()
    {
        foreach (var (socket, _) in connections) socket.Dispose();
    }

    private static Socket[] MakeSockets()
    {
        var sockets = new Socket[PodSite.PodsPerNode];
        for (var i = 0; i < sockets.Length; i++) sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        return sockets;
    }
}
