using System.Net;
using System.Net.Sockets;

namespace Mesh.Hbone.Tests;

/// <summary>A TCP server that gives each connection to the test.</summary>
internal sealed class TestApplication : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public TestApplication()
    {
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4096);
    }

    public string Authority => listener.LocalEndPoint!.ToString()!;

    public async Task<Socket> AcceptAsync()
    {
        var socket = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        socket.NoDelay = true;
        return socket;
    }

    /// <summary>Serves every connection by sending back what comes, until the client ends.</summary>
    public async Task EchoAsync()
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync();
                _ = EchoOneAsync(socket);
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException) { } // The test is over.
    }

    public void Dispose() => listener.Dispose();

    public static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer) is var n and > 0) all.Write(buffer, 0, n);
        return all.ToArray();
    }

    public static async Task<byte[]> ReadAsync(Socket socket, int bytes)
    {
        var buffer = new byte[bytes];
        var have = 0;
        while (have < bytes)
        {
            var n = await socket.ReceiveAsync(buffer.AsMemory(have));
            if (n == 0) break;
            have += n;
        }
        return buffer[..have];
    }

    private static async Task EchoOneAsync(Socket socket)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (await socket.ReceiveAsync(buffer) is var n and > 0)
            {
                for (var at = 0; at < n;) at += await socket.SendAsync(buffer.AsMemory(at, n - at));
            }
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException) { } // The test cut it.
        finally
        {
            socket.Dispose();
        }
    }
}
