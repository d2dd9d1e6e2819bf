using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Mesh.Identity;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;

namespace Mesh.Hbone.Tests;

/// <summary>
/// Two proxies on loops of their own: applications dial <see cref="Entry"/>, the client proxy asks the server proxy for
/// <see cref="Authority"/>, and the server proxy dials it.
/// </summary>
internal sealed class TestMesh : IConnectOwner, ITunnelOrigin, IAsyncDisposable
{
    private readonly List<LoopListener> listeners = [];
    private readonly ConcurrentBag<Exception> faults = [];
    private int streamsSeen;
    private int badRequests;
    private bool ownsPki;

    private TestMesh(TestPki pki, TunnelIdentity client, TunnelIdentity server, HboneOptions options)
    {
        Pki = pki;
        Identity = client;
        ServerIdentity = server;
        Options = options;
        ClientLoop = Loop("client");
        ServerLoop = Loop("server");
        Pool = new TunnelPool(ClientLoop, options, ClientLoop.Time);
    }

    public TestPki Pki { get; }
    public TunnelIdentity? Identity { get; set; }
    public TunnelIdentity ServerIdentity { get; set; }
    public HboneOptions Options { get; }
    public EventLoop ClientLoop { get; }
    public EventLoop ServerLoop { get; }
    public TunnelPool Pool { get; }
    public IPEndPoint Entry { get; private set; } = new(IPAddress.Loopback, 0);
    public InetEndpoint ServerAddress { get; set; }
    public string Authority { get; set; } = "10.9.9.9:80";
    public bool Early { get; set; } = true;
    public ImmutableArray<SpiffeId> Expected { get; set; } = [TestPki.Id("server")];
    public int? RejectWith { get; set; }
    public bool NeverAnswer { get; set; }

    /// <summary>The server proxy is a gateway only: this is asked for through it, of one of these.</summary>
    public (ConnectHeaders Headers, ImmutableArray<SpiffeId> Expected)? Through { get; set; }
    public ConcurrentQueue<TunnelEnd> ServerEnds { get; } = new();
    public ConcurrentQueue<RelayResult> ClientResults { get; } = new();
    public ConcurrentQueue<RelayResult> ServerResults { get; } = new();
    public ConcurrentQueue<TunnelConnected> Failures { get; } = new();
    public ConcurrentQueue<ConnectRequest> Requests { get; } = new();
    public ConcurrentDictionary<TunnelServer, bool> Servers { get; } = new();
    public int StreamsSeen => Volatile.Read(ref streamsSeen);
    public int BadRequests => Volatile.Read(ref badRequests);
    public IReadOnlyCollection<Exception> Faults => faults;

    public static async Task<TestMesh> StartAsync(
        HboneOptions? options = null, string clientTrustDomain = "cluster.local", TestPki? sharedPki = null, string server = "server",
        RevocationCheck? check = null)
    {
        var pki = sharedPki ?? new TestPki();
        var mesh = new TestMesh(pki, pki.Issue("client", clientTrustDomain, check: check), pki.Issue(server, check: check), options ?? new HboneOptions())
        {
            ownsPki = sharedPki is null,
        };
        mesh.ServerAddress = await Listen(mesh, mesh.ServerLoop, mesh.ServeTunnel);
        mesh.Entry = (await Listen(mesh, mesh.ClientLoop, mesh.ServeApplication)).ToIPEndPoint();
        return mesh;
    }

    public async Task<Socket> DialAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await Task.Yield();
        socket.Connect(Entry); // Blocking: an asynchronous connect would report a reset that comes right behind it.
        return socket;
    }

    public void OnConnect(ConnectRequest request)
    {
        Interlocked.Increment(ref streamsSeen);
        Requests.Enqueue(request);
        if (NeverAnswer) return;
        if (RejectWith is { } status) request.Reject(status);
        else _ = AnswerAsync(request);
    }

    public void OnBadRequest() => Interlocked.Increment(ref badRequests);

    public SocketOptions DialOptions => new();

    public async ValueTask DisposeAsync()
    {
        await ClientLoop.InvokeAsync(() =>
        {
            Pool.Dispose();
            return Task.CompletedTask;
        });
        await ClientLoop.DisposeAsync();
        await ServerLoop.DisposeAsync();
        if (ownsPki) Pki.Dispose();
        Assert.Empty(faults);
    }

    public async Task<T> OnClient<T>(Func<T> work) => await ClientLoop.InvokeAsync(() => Task.FromResult(work()));

    private EventLoop Loop(string name) => EventLoop.Start(new EventLoopOptions { Name = name, OnFault = (_, fault) => faults.Add(fault) });

    private void ServeTunnel(LoopSocket socket) => _ = ServeTunnelAsync(socket);

    private async Task ServeTunnelAsync(LoopSocket socket)
    {
        var server = new TunnelServer(socket, ServerIdentity, Options, this, ServerLoop.Time);
        Servers[server] = true;
        ServerEnds.Enqueue(await server.RunAsync());
        Servers.TryRemove(server, out _);
    }

    private async Task AnswerAsync(ConnectRequest request)
    {
        var dialled = await LoopSocket.ConnectAsync(ServerLoop, InetEndpoint.From(IPEndPoint.Parse(request.Authority)), new SocketOptions { StaysOnMachine = true }, TimeSpan.FromSeconds(5));
        if (dialled.Socket is not { } application)
        {
            request.Reject(503);
            return;
        }
        if (request.Accept("k8s.namespace.name=there") is not { } stream)
        {
            application.Dispose();
            return;
        }
        ServerResults.Enqueue(await new TunnelRelay(application, stream).RunAsync());
    }

    private void ServeApplication(LoopSocket application) => _ = ServeApplicationAsync(application);

    private async Task ServeApplicationAsync(LoopSocket application)
    {
        var key = new TunnelKey(this, Expected, ServerAddress);
        var headers = new ConnectHeaders(Authority, "for=\"10.0.0.1:1\"", "k8s.namespace.name=here", null);
        var connected = Through is { } beyond
            ? await Pool.ConnectThroughAsync(key, headers, beyond.Expected, beyond.Headers, Early)
            : await Pool.ConnectAsync(key, headers, Early);
        if (connected.Stream is not { } stream)
        {
            Failures.Enqueue(connected);
            application.Reset();
            return;
        }
        ClientResults.Enqueue(await new TunnelRelay(application, stream).RunAsync());
    }

    private static async Task<InetEndpoint> Listen(TestMesh mesh, EventLoop loop, Action<LoopSocket> serve) => await loop.InvokeAsync(() =>
    {
        Assert.Equal(Mesh.Linux.Errno.None,
            LoopListener.TryListen(loop, InetEndpoint.LoopbackV4(0), new SocketOptions(), new Acceptor(loop, serve), out var listener));
        mesh.listeners.Add(listener!);
        return Task.FromResult(listener!.LocalAddress);
    });

    private sealed class Acceptor(EventLoop loop, Action<LoopSocket> serve) : ILoopAcceptor
    {
        public void OnAccepted(AcceptedSocket accepted) => serve(accepted.AttachTo(loop));
    }
}
