using System.Net.Sockets;
using System.Text;

namespace Mesh.Hbone.Tests;

public sealed class RevocationTests
{
    [Fact]
    public async Task A_live_tunnel_whose_client_is_revoked_ends_on_both_sides_and_says_why()
    {
        await using var mesh = await TestMesh.StartAsync(check: RevocationCheck.None);
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await Connected(application, client);

        Assert.Equal(0, await Sweep(mesh, mesh.Pki.Revoke(mesh.ServerIdentity)));
        await AssertTalk(client, server);
        Assert.Equal(1, await Sweep(mesh, mesh.Pki.Revoke(mesh.Identity!)));

        Assert.Equal(RelayEnd.CertificateRevoked, (await TunnelRelayTests.Next(mesh.ServerResults)).End);
        Assert.Equal(TunnelEndReason.CertificateRevoked, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        Assert.Equal(RelayEnd.CertificateRevoked, (await TunnelRelayTests.Next(mesh.ClientResults)).End);
    }

    [Fact]
    public async Task A_pool_cuts_only_the_tunnels_whose_server_is_revoked()
    {
        await using var mesh = await TestMesh.StartAsync(check: RevocationCheck.None);
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var client = await mesh.DialAsync();
        using var server = await Connected(application, client);

        Assert.Equal(0, await mesh.OnClient(() => mesh.Pool.CutRevoked(mesh.Pki.Revoke(mesh.Identity!).Lists)));
        await AssertTalk(client, server);
        Assert.Equal(1, await mesh.OnClient(() => mesh.Pool.CutRevoked(mesh.Pki.Revoke(mesh.ServerIdentity).Lists)));
        Assert.Equal(RelayEnd.CertificateRevoked, (await TunnelRelayTests.Next(mesh.ClientResults)).End);
        Assert.Equal(0, await mesh.OnClient(() => mesh.Pool.Tunnels));
    }

    [Fact]
    public async Task A_revoked_server_is_not_given_a_stream()
    {
        await using var mesh = await TestMesh.StartAsync();
        mesh.Identity = mesh.Pki.Remake(mesh.Identity!, mesh.Pki.Revoke(mesh.ServerIdentity));
        using var client = await mesh.DialAsync();
        Assert.Equal(TunnelFailure.CertificateRevoked, (await TunnelRelayTests.Next(mesh.Failures)).Failure);
        Assert.Equal(0, mesh.StreamsSeen);
    }

    [Fact]
    public async Task A_revoked_client_is_refused_and_the_end_says_why()
    {
        await using var mesh = await TestMesh.StartAsync(check: RevocationCheck.None);
        mesh.ServerIdentity = mesh.Pki.Remake(mesh.ServerIdentity, mesh.Pki.Revoke(mesh.Identity!));
        using var client = await mesh.DialAsync();
        Assert.Equal(TunnelEndReason.CertificateRevoked, (await TunnelRelayTests.Next(mesh.ServerEnds)).Reason);
        Assert.Equal(0, mesh.StreamsSeen);
    }

    [Fact]
    public async Task Tunnels_stay_in_use_when_only_the_lists_are_new()
    {
        await using var mesh = await TestMesh.StartAsync(check: RevocationCheck.None);
        using var application = new TestApplication();
        mesh.Authority = application.Authority;
        using var first = await mesh.DialAsync();
        using var firstServer = await Connected(application, first);
        mesh.Identity = mesh.Pki.Remake(mesh.Identity!, mesh.Pki.Revoke(mesh.Identity!));
        using var second = await mesh.DialAsync();
        using var secondServer = await Connected(application, second);
        Assert.Equal(1, await mesh.OnClient(() => mesh.Pool.Counters.Dials));
    }

    [Fact]
    public async Task A_list_that_comes_while_hands_are_shaken_is_not_missed()
    {
        await using var mesh = await TestMesh.StartAsync(check: RevocationCheck.None);
        using var go = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mesh.ServerLoop.Post(
            _ =>
            {
                held.SetResult();
                go.Wait(TimeSpan.FromSeconds(30));
            },
            null);
        await held.Task;
        using var client = await mesh.DialAsync();
        while (await mesh.OnClient(() => mesh.Pool.Counters.Dials) == 0) await Task.Delay(10, TestContext.Current.CancellationToken);
        var lists = mesh.Pki.Revoke(mesh.ServerIdentity);
        await mesh.OnClient(() =>
        {
            mesh.Identity = mesh.Pki.Remake(mesh.Identity!, lists);
            return mesh.Pool.CutRevoked(lists.Lists);
        });
        go.Set();
        Assert.Equal(TunnelFailure.CertificateRevoked, (await TunnelRelayTests.Next(mesh.Failures)).Failure);
        Assert.Equal(0, mesh.StreamsSeen);
    }

    private static async Task<int> Sweep(TestMesh mesh, RevocationCheck check) =>
        await mesh.ServerLoop.InvokeAsync(() => Task.FromResult(mesh.Servers.Keys.Sum(server => server.CutIfRevoked(check.Lists))));

    /// <summary>The application's end of a client's connection; a first byte has passed.</summary>
    private static async Task<Socket> Connected(TestApplication application, Socket client)
    {
        await client.SendAsync("x"u8.ToArray());
        var server = await application.AcceptAsync();
        Assert.Single(await TestApplication.ReadAsync(server, 1));
        return server;
    }

    private static async Task AssertTalk(Socket client, Socket server)
    {
        await server.SendAsync("still here"u8.ToArray());
        Assert.Equal("still here", Encoding.ASCII.GetString(await TestApplication.ReadAsync(client, 10)));
    }
}
