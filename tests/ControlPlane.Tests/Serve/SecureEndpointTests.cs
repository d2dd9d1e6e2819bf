using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mesh.ControlPlane.Tests.Authority;
using Mesh.Identity;
using Mesh.Model;
using Mesh.Xds.Client;
using Mesh.Xds.Grpc;
using Mesh.Xds.Server;

namespace Mesh.ControlPlane.Tests.Serve;

public sealed class SecureEndpointTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_proxy_receives_the_mesh_and_its_changes_over_tls()
    {
        await using var server = await SecureServer.StartAsync();
        Publish(server, Enumerable.Range(0, 100).Select(i => NewWorkload($"w{i}")));
        await using var proxy = Proxy.Start(server.ClientOptions());

        await proxy.Client.Synced.WaitAsync(Patience);
        Assert.Equal(100, proxy.Workloads.Count);

        Publish(server, [NewWorkload("late")], removed: ["w0"]);

        await Proxy.UntilAsync(() => proxy.Workloads.ContainsKey("late") && !proxy.Workloads.ContainsKey("w0"));
        Assert.Equal(100, proxy.Workloads.Count);
    }

    [Fact]
    public async Task A_client_that_knows_the_root_alone_accepts_us_and_our_leaves_below_an_intermediate()
    {
        await using var server = await SecureServer.StartAsync(issuer: Intermediates.Create(TimeSpan.FromDays(10)));
        await using var proxy = Proxy.Start(server.ClientOptions());
        await proxy.Client.Synced.WaitAsync(Patience);

        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "shop", "cart"));
        var answer = await server.Certificates().CreateAsync(request.Pem, TimeSpan.FromHours(1), request.Id.ToString(), CancellationToken.None);

        var chain = Assert.IsType<CertificateAnswer.Issued>(answer);
        Assert.NotNull(chain);
    }

    [Fact]
    public async Task A_reconnecting_proxy_is_sent_only_what_it_lacks()
    {
        await using var server = await SecureServer.StartAsync();
        Publish(server, Enumerable.Range(0, 50).Select(i => NewWorkload($"w{i}")));
        await using var proxy = Proxy.Start(server.ClientOptions());
        await proxy.Client.Synced.WaitAsync(Patience);

        Publish(server, [], removed: ["w1"]);
        await Proxy.UntilAsync(() => proxy.Workloads.Count == 49);
        proxy.Received = 0;
        server.Server.Drain(TimeSpan.Zero);
        await Proxy.UntilAsync(() => proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Any());
        Publish(server, [NewWorkload("w2", node: "moved"), NewWorkload("new")]);

        await Proxy.UntilAsync(() => proxy.Workloads.ContainsKey("new") && proxy.Workloads["w2"].Node == "moved");
        Assert.Equal(2, proxy.Received);
        Assert.All(proxy.Events.OfType<DeltaClientEvent.StreamEnded>(), ended => Assert.True(ended.Routine));
    }

    [Fact]
    public async Task Names_that_did_not_fit_into_the_first_request_are_swept()
    {
        await using var server = await SecureServer.StartAsync();
        Publish(server, Enumerable.Range(0, 50).Select(i => NewWorkload($"w{i}")));
        await using var proxy = Proxy.Start(server.ClientOptions() with { InitialRequestBytesMax = 600 });
        await proxy.Client.Synced.WaitAsync(Patience);
        var gone = Enumerable.Range(0, 50).Where(i => i % 2 == 0).Select(i => $"w{i}").ToArray();

        server.Server.Drain(TimeSpan.Zero);
        await Proxy.UntilAsync(() => server.Server.StreamCount == 0 || proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Any());
        Publish(server, [], removed: gone);

        await Proxy.UntilAsync(() => proxy.Workloads.Count == 25);
        Assert.Equal(25, proxy.Workloads.Count);
    }

    [Fact]
    public async Task On_demand_a_proxy_asks_and_is_answered_also_when_nobody_has_the_name()
    {
        await using var server = await SecureServer.StartAsync();
        Publish(server, [NewWorkload("w0"), NewWorkload("w1")]);
        await using var proxy = Proxy.Start(server.ClientOptions() with { OnDemand = true });
        await proxy.Client.Synced.WaitAsync(Patience);
        Assert.Empty(proxy.Workloads);

        proxy.Client.Request("w1");
        proxy.Client.Request("nobody");

        await Proxy.UntilAsync(() => proxy.Workloads.ContainsKey("w1") && proxy.Removed.Contains("nobody"));
        Assert.DoesNotContain("w0", proxy.Workloads.Keys);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not-a-token")]
    [InlineData("head.stranger.tail")]
    [InlineData("stranger")]
    public async Task A_stream_without_a_valid_token_is_refused_counted_and_logged_once(string? token)
    {
        await using var server = await SecureServer.StartAsync();
        await using var proxy = Proxy.Start(server.ClientOptions(token == "stranger" ? Tokens.Create("shop", "stranger") : token));

        await Proxy.UntilAsync(() => proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Count() >= 3);

        Assert.All(proxy.Events.OfType<DeltaClientEvent.StreamEnded>(), e => Assert.Equal(GrpcCode.Unauthenticated, e.Status.Code));
        Assert.True(server.Metrics.RefusedCount(0, "unauthenticated") >= 3);
        Assert.Single(server.Log);
        Assert.True(server.Reviews <= 1);
    }

    [Fact]
    public async Task A_stream_before_the_cluster_is_known_is_turned_away()
    {
        await using var server = await SecureServer.StartAsync();
        server.Synced = false;
        await using var proxy = Proxy.Start(server.ClientOptions());

        await Proxy.UntilAsync(() => proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Any());
        Assert.Equal(GrpcCode.Unavailable, proxy.Events.OfType<DeltaClientEvent.StreamEnded>().First().Status.Code);

        server.Synced = true;
        await proxy.Client.Synced.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_proxy_that_says_it_is_in_another_namespace_is_refused()
    {
        await using var server = await SecureServer.StartAsync();
        await using var proxy = Proxy.Start(server.ClientOptions(SecureServer.WorkloadToken));

        await Proxy.UntilAsync(() => proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Any());

        Assert.Equal(GrpcCode.PermissionDenied, proxy.Events.OfType<DeltaClientEvent.StreamEnded>().First().Status.Code);
    }

    [Fact]
    public async Task A_proxy_is_certified_for_a_workload_on_its_node_and_the_chain_holds()
    {
        await using var server = await SecureServer.StartAsync();
        var id = new SpiffeId("cluster.local", "shop", "cart");
        using var request = SigningRequest.Create(id);

        var answer = await server.Certificates().CreateAsync(request.Pem, TimeSpan.FromHours(24), id.ToString(), CancellationToken.None);

        Assert.True(answer is CertificateAnswer.Issued, answer.ToString());
        var chain = Assert.IsType<CertificateAnswer.Issued>(answer).Chain;
        Assert.Equal(2, chain.Count);
        Assert.Equal(server.Authority.RootsPem, chain[^1]);
        using var svid = request.TryComplete(chain[0], out var problem);
        Assert.Null(problem);
        Assert.Equal(id, svid!.Id);
        using var leaf = X509Certificate2.CreateFromPem(chain[0]);
        Assert.InRange(leaf.NotAfter - leaf.NotBefore, TimeSpan.FromHours(24), TimeSpan.FromHours(24.1));
        Assert.Equal("", leaf.Subject);
    }

    [Fact]
    public async Task A_workload_without_impersonation_gets_its_own_identity_whatever_its_request_says()
    {
        await using var server = await SecureServer.StartAsync();
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "kube-system", "admin"));

        var answer = await server.Certificates(SecureServer.WorkloadToken).CreateAsync(request.Pem, TimeSpan.Zero, null, CancellationToken.None);

        using var leaf = X509Certificate2.CreateFromPem(Assert.IsType<CertificateAnswer.Issued>(answer).Chain[0]);
        Assert.Contains("spiffe://cluster.local/ns/shop/sa/cart", System.Text.Encoding.ASCII.GetString(leaf.Extensions["2.5.29.17"]!.RawData), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiffe://cluster.local/ns/shop/sa/web", GrpcCode.Unauthenticated)]
    [InlineData("spiffe://other.org/ns/shop/sa/cart", GrpcCode.Unauthenticated)]
    [InlineData("nonsense", GrpcCode.Unauthenticated)]
    public async Task Impersonation_beyond_the_node_is_refused_without_saying_why(string id, GrpcCode code)
    {
        await using var server = await SecureServer.StartAsync();
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "shop", "web"));

        var answer = await server.Certificates().CreateAsync(request.Pem, TimeSpan.FromHours(1), id, CancellationToken.None);

        var status = Assert.IsType<CertificateAnswer.Refused>(answer).Status;
        Assert.Equal(code, status.Code);
        Assert.Equal("request impersonation authentication failure", status.Message);
    }

    [Fact]
    public async Task Bad_certificate_requests_are_refused_each_with_its_code()
    {
        await using var server = await SecureServer.StartAsync();
        using var request = SigningRequest.Create(new SpiffeId("cluster.local", "shop", "cart"));

        async Task<GrpcCode> CodeAsync(CertificateClient client, string pem, TimeSpan ttl)
        {
            var answer = await client.CreateAsync(pem, ttl, null, CancellationToken.None);
            return Assert.IsType<CertificateAnswer.Refused>(answer).Status.Code;
        }

        Assert.Equal(GrpcCode.InvalidArgument, await CodeAsync(server.Certificates(), "garbage", TimeSpan.FromHours(1)));
        Assert.Equal(GrpcCode.InvalidArgument, await CodeAsync(server.Certificates(), request.Pem, TimeSpan.FromDays(3)));
        Assert.Equal(GrpcCode.ResourceExhausted, await CodeAsync(server.Certificates(), new string('x', 100_000), TimeSpan.FromHours(1)));
        Assert.Equal(GrpcCode.Unauthenticated, await CodeAsync(server.Certificates(token: null), request.Pem, TimeSpan.FromHours(1)));
        Assert.Equal(GrpcCode.Unauthenticated, await CodeAsync(server.Certificates(SecureServer.ProxyToken, cluster: "elsewhere"), request.Pem, TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task A_client_that_does_not_trust_our_root_does_not_connect()
    {
        await using var server = await SecureServer.StartAsync();
        await using var other = await SecureServer.StartAsync();
        await using var proxy = Proxy.Start(server.ClientOptions() with { Server = server.Address, Connect = () => WrongRoot(server, other) });

        await Proxy.UntilAsync(() => proxy.Events.OfType<DeltaClientEvent.StreamEnded>().Any());

        Assert.Equal(GrpcCode.Unavailable, proxy.Events.OfType<DeltaClientEvent.StreamEnded>().First().Status.Code);
        Assert.False(proxy.Client.Synced.IsCompleted);
    }

    [Fact]
    public async Task Noise_on_the_port_harms_nobody()
    {
        await using var server = await SecureServer.StartAsync();
        await using var proxy = Proxy.Start(server.ClientOptions());
        await proxy.Client.Synced.WaitAsync(Patience);
        var random = new Random(7);

        for (var i = 0; i < 50; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, server.Port);
            var noise = new byte[random.Next(1, 2000)];
            random.NextBytes(noise);
            await socket.SendAsync(noise);
        }
        for (var i = 0; i < 10; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, server.Port);
            await using var tls = new SslStream(new NetworkStream(socket));
            var options = server.Tls();
            options.TargetHost = "istiod.istio-system.svc";
            options.ApplicationProtocols = [SslApplicationProtocol.Http2];
            await tls.AuthenticateAsClientAsync(options);
            await tls.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        }
        using var plain = server.Connect();
        using var page = await plain.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, server.Address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact },
            CancellationToken.None);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, page.StatusCode);

        Publish(server, [NewWorkload("after")]);
        await Proxy.UntilAsync(() => proxy.Workloads.ContainsKey("after"));
    }

    [Fact]
    public async Task An_old_tls_version_is_refused()
    {
        await using var server = await SecureServer.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        await using var tls = new SslStream(new NetworkStream(socket));
        var options = server.Tls();
        options.TargetHost = "istiod.istio-system.svc";
#pragma warning disable SYSLIB0039, CA5397, CA5398 // The old version is the point.
        options.EnabledSslProtocols = SslProtocols.Tls11;
#pragma warning restore SYSLIB0039, CA5397, CA5398

        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(options));
    }

    [Fact]
    public async Task A_flood_of_streams_is_admitted_at_a_bounded_rate_and_the_rest_is_told_so()
    {
        await using var server = await SecureServer.StartAsync();
        using var http = server.Connect();

        var codes = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => FloodAsync(server, http)));

        Assert.Contains(GrpcCode.ResourceExhausted, codes);
        await using var proxy = Proxy.Start(server.ClientOptions());
        await proxy.Client.Synced.WaitAsync(Patience);
    }

    [Fact]
    public async Task Ten_thousand_workloads_reach_a_proxy_in_its_first_push()
    {
        await using var server = await SecureServer.StartAsync();
        Publish(server, Enumerable.Range(0, 10_000).Select(i => NewWorkload($"Kubernetes//Pod/shop/deployment-6d4cf56db6-{i:x5}")));
        await using var proxy = Proxy.Start(server.ClientOptions());

        await proxy.Client.Synced.WaitAsync(Patience);

        Assert.Equal(10_000, proxy.Workloads.Count);
    }

    private static async Task<GrpcCode> FloodAsync(SecureServer server, HttpMessageInvoker http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, GrpcHttp.DeltaMethod))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 0]),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.TryAddWithoutValidation("authorization", "Bearer " + SecureServer.ProxyToken);
        using var response = await http.SendAsync(request, CancellationToken.None);
        await response.Content.ReadAsByteArrayAsync();
        var code = response.TrailingHeaders.TryGetValues("grpc-status", out var values) ? values.First() : response.Headers.GetValues("grpc-status").First();
        return (GrpcCode)int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static HttpMessageInvoker WrongRoot(SecureServer server, SecureServer other) => new(new SocketsHttpHandler
    {
        SslOptions = other.Tls(),
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private static void Publish(SecureServer server, IEnumerable<Workload> workloads, params string[] removed)
    {
        var (next, changes) = server.Server.Snapshot.Apply([.. workloads.Select(Resource.From)], removed, []);
        server.Server.Publish(next, changes);
    }

    private static Workload NewWorkload(string uid, string node = "node-b") => new()
    {
        Uid = uid,
        Name = uid[(uid.LastIndexOf('/') + 1)..],
        Namespace = "shop",
        ServiceAccount = "cart",
        Node = node,
        Addresses = [IPAddress.Parse("10.0.0.9")],
        Services = [new WorkloadService(new NamespacedHostname("shop", "cart.shop.svc.cluster.local"), [new ServicePort(80, 8080)])],
    };

    /// <summary>A consumer such as ztunnel: keeps what it is told.</summary>
    private sealed class Proxy : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private Task _running = Task.CompletedTask;

        public required DeltaClient Client { get; set; }
        public System.Collections.Concurrent.ConcurrentDictionary<string, Workload> Workloads { get; } = new();
        public System.Collections.Concurrent.ConcurrentQueue<DeltaClientEvent> Events { get; } = new();
        public System.Collections.Concurrent.ConcurrentQueue<string> Removed { get; } = new();
        public int Received { get; set; }

        public static Proxy Start(DeltaClientOptions options)
        {
            var proxy = new Proxy { Client = null! };
            proxy.Client = new DeltaClient(options, proxy.TakeAsync, proxy.Events.Enqueue, TimeProvider.System, new Random(1));
            proxy._running = proxy.Client.RunAsync(proxy._stop.Token);
            return proxy;
        }

        public static async Task UntilAsync(Func<bool> condition)
        {
            using var limit = new CancellationTokenSource(Patience);
            while (!condition()) await Task.Delay(10, limit.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }

        private ValueTask TakeAsync(DeltaBatch batch, CancellationToken stop)
        {
            foreach (var workload in batch.Workloads)
            {
                Workloads[workload.Uid] = workload;
                Received++;
            }
            foreach (var name in batch.Removed)
            {
                Workloads.TryRemove(name, out _);
                Removed.Enqueue(name);
            }
            return ValueTask.CompletedTask;
        }
    }
}
