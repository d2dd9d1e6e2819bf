using System.Net;
using Mesh.Model;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Namespaced.Tests.Hostile;
using Mesh.Xds.Server;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>
/// The same small thing very often: what each one leaves behind shows in the memory the proxy wrote. Full numbers in `make soak`, an eighth else.
/// </summary>
[Trait("Category", "Soak")]
[Collection(Alone.Name)]
public sealed class LeakTests : IAsyncLifetime
{
    private const int Parallel = 8;
    private const int ShortShare = 8;
    private const int DescriptorsSpare = 24; // Pipes kept for the next plain relay.

    /// <summary>Heaps breathe by some MiB; a KiB lost with each of thousands is more than this.</summary>
    private const double AnonSpareMib = 6;
    private const double AnonSpareCompilingMib = 16;
    private readonly Site site = new();
    private int changes;

    public ValueTask InitializeAsync() => site.InitializeAsync();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    [Theory]
    [InlineData("tunnels", 1500)]
    [InlineData("handshakes that break off", 16000)]
    [InlineData("connections", 8000)]
    [InlineData("connections that are reset", 8000)]
    [InlineData("connections that are refused", 16000)]
    [InlineData("policy changes", 4000)]
    [InlineData("workload changes", 4000)]
    [InlineData("bulk", 400)]
    public async Task Many_of_a_kind_leave_nothing_behind(string kind, int count)
    {
        site.SkipIfImpossible();
        using var application = new ServerApplication(site.Server, Site.ServerIp, Ports.Calm, isRough: false, seed: 1);
        using var rough = new ServerApplication(site.Server, Site.ServerIp, Ports.Aborting, isRough: true, seed: 1);
        using var certificate = Enemy.CertificateOf(site);
        Func<Task> one = kind switch
        {
            "tunnels" => async () =>
            {
                await using var tunnel = await Enemy.ConnectAsync(site, certificate, [.. Frames.Preface, .. Frames.Settings(), .. Frames.SettingsAck]);
            }
            ,
            "handshakes that break off" => async () =>
            {
                using var socket = site.Client.Sockets(1)[0];
                await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), 15008).WaitAsync(Wire.Patience);
                await Wire.SendAsync(socket, (byte[])[22, 3, 1, 0, 10, 1]);
            }
            ,
            "policy changes" => () => ChangeAsync(static n => n % 2 == 0
                ? Resource.From(new AuthorizationPolicy { Name = "shut", Namespace = "default", Scope = PolicyScope.Namespace, Action = PolicyAction.Deny, Rules = [new PolicyRule([new PolicyClause([new PolicyMatch { DestinationPorts = [(ushort)(9000 + (n % 100))] }])])] })
                : Resource.From(Site.SecondPod with { Capacity = (uint)n })),
            "workload changes" => () => ChangeAsync(static n => Resource.From(Site.Pod("server", "server", Site.ServerIp) with { Capacity = (uint)n })),
            "bulk" => () => BulkAsync(),
            "connections" => () => AskAsync(Ports.Calm, isReset: false),
            "connections that are reset" => () => AskAsync(Ports.Calm, isReset: true),
            _ => () => AskAsync(Ports.Killed, isReset: false),
        };
        var isLong = Environment.GetEnvironmentVariable("SOAK_SECONDS") is { Length: > 2 };
        if (!isLong) count /= ShortShare;
        await ManyAsync(one, count / 2); // Code, pools and the heap's size are made by the first ones.
        var (client, server) = (site.Client.Sample, site.Server.Sample);
        var points = new List<(double Client, double Server)>();
        for (var quarter = 0; quarter < 4; quarter++)
        {
            await ManyAsync(one, count / 4);
            points.Add((site.Client.Sample.AnonMib, site.Server.Sample.AnonMib));
        }

        await Task.Delay(2500, CancellationToken.None); // Unused tunnels are closed.
        var (clientAfter, serverAfter) = (site.Client.Sample, site.Server.Sample);
        Console.WriteLine($"soak: {count} {kind}: anonymous memory {client.AnonMib:0.0}/{server.AnonMib:0.0} MiB, then {string.Join(", ", points.Select(static p => $"{p.Client:0.0}/{p.Server:0.0}"))}; descriptors {client.Descriptors}/{server.Descriptors} -> {clientAfter.Descriptors}/{serverAfter.Descriptors}");
        var spare = Environment.GetEnvironmentVariable("ZTUNNEL_BIN") is { Length: > 0 } ? AnonSpareMib : AnonSpareCompilingMib;
        // How many buffers were in use at once is chance, and pools keep some: the first half finds that height.
        var (clientEarly, serverEarly) = (Math.Max(points[0].Client, points[1].Client), Math.Max(points[0].Server, points[1].Server));
        Assert.True(points[^1].Client <= clientEarly + spare, $"the client's proxy: {clientEarly:0.0} MiB became {points[^1].Client:0.0} MiB");
        Assert.True(points[^1].Server <= serverEarly + spare, $"the server's proxy: {serverEarly:0.0} MiB became {points[^1].Server:0.0} MiB");
        Assert.True(clientAfter.Descriptors <= client.Descriptors + DescriptorsSpare && serverAfter.Descriptors <= server.Descriptors + DescriptorsSpare, "descriptors are left open");
        Assert.Empty(site.Client.Access.Faults.Concat(site.Server.Access.Faults));
        Assert.True(application.Problems.IsEmpty || kind.Contains("reset", StringComparison.Ordinal), string.Join('\n', application.Problems));
    }

    private static Task ManyAsync(Func<Task> one, int count) => Task.WhenAll(Enumerable.Range(0, Parallel).Select(async _ =>
    {
        for (var i = 0; i < count / Parallel; i++) await one();
    }));

    private async Task ChangeAsync(Func<int, Resource> next)
    {
        site.ControlPlane.Publish([next(Interlocked.Increment(ref changes))]);
        await AskAsync(Ports.Calm, isReset: false);
    }

    private async Task BulkAsync()
    {
        using var socket = site.Client.Sockets(1)[0];
        await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), Ports.Calm).WaitAsync(Wire.Patience);
        var head = new byte[Command.Size];
        new Command(CommandKind.Exchange, 7, 4 << 20, 4 << 20).Write(head);
        await Wire.SendAsync(socket, head);
        await Wire.SendPatternAsync(socket, 7, 4 << 20);
        await Wire.ReadPatternAsync(socket, 8, 4 << 20);
    }

    private async Task AskAsync(int port, bool isReset)
    {
        using var socket = site.Client.Sockets(1)[0];
        var head = new byte[Command.Size];
        new Command(CommandKind.Exchange, 7, 0, 100).Write(head);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(Site.ServerIp), port).WaitAsync(Wire.Patience);
            await Wire.SendAsync(socket, head);
            if (port == Ports.Calm) await Wire.ReadPatternAsync(socket, 8, 100);
            else await Wire.ReceiveAsync(socket, new byte[1]);
        }
        catch (System.Net.Sockets.SocketException) when (port != Ports.Calm)
        {
            // Refused: the ordinary end of these.
        }

        if (isReset) Wire.Abort(socket);
    }
}
