using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tests;

[Trait("Category", "Interop")]
public sealed class PythonInteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_foreign_client_tunnels_through_our_server()
    {
        PythonPeer.SkipIfMissing();
        await using var mesh = await TestMesh.StartAsync();
        using var application = new TestApplication();
        _ = application.EchoAsync();
        using var peer = new PythonPeer(mesh.Pki, "python", "client", "127.0.0.1", $"{mesh.ServerAddress.Port}", application.Authority, "3000000");
        var sent = await peer.ReadAsync("sent");
        Assert.Equal("200", await peer.ReadAsync("status"));
        Assert.Equal(sent, await peer.ReadAsync("sha256"));
        var request = mesh.Requests.Single();
        Assert.Equal("python", request.Peer.Identity.ServiceAccount);
        Assert.Equal("k8s.namespace.name=python", request.Baggage);
    }

    [Fact]
    public async Task A_foreign_client_is_told_of_a_refusal()
    {
        PythonPeer.SkipIfMissing();
        await using var mesh = await TestMesh.StartAsync();
        mesh.RejectWith = 401;
        using var peer = new PythonPeer(mesh.Pki, "python", "client", "127.0.0.1", $"{mesh.ServerAddress.Port}", "10.0.0.1:80", "10");
        await peer.ReadAsync("sent");
        Assert.Equal("401", await peer.ReadAsync("status"));
    }

    [Fact]
    public async Task Our_client_tunnels_through_a_foreign_server()
    {
        PythonPeer.SkipIfMissing();
        await using var mesh = await TestMesh.StartAsync();
        using var peer = new PythonPeer(mesh.Pki, "server", "server");
        mesh.ServerAddress = InetEndpoint.LoopbackV4(ushort.Parse(await peer.ReadAsync("port"), CultureInfo.InvariantCulture));
        using var client = await mesh.DialAsync();
        var data = RandomNumberGenerator.GetBytes(2_000_000);
        var sending = Task.Run(async () =>
        {
            for (var at = 0; at < data.Length;) at += await client.SendAsync(data.AsMemory(at));
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(data, await TestApplication.ReadToEndAsync(client).WaitAsync(Patience));
        await sending;
        Assert.Equal(new RelayResult(data.Length, data.Length, RelayEnd.Closed, Mesh.Linux.Errno.None, 200), await TunnelRelayTests.Next(mesh.ClientResults));
    }
}
