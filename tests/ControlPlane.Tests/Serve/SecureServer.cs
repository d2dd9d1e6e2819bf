using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Serve;
using Mesh.ControlPlane.Translate;
using Mesh.ControlPlane.Watch;
using Mesh.Daemon.Logging;
using Mesh.Identity;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reviews;
using Mesh.Xds.Client;
using Mesh.Xds.Grpc;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.ControlPlane.Tests.Serve;

/// <summary>The real TLS port of the control plane on loopback; only the API server's word on tokens is given by the test.</summary>
internal sealed class SecureServer : IAsyncDisposable
{
    public static readonly string ProxyToken = Tokens.Create("istio-system", "ztunnel");
    public static readonly string WorkloadToken = Tokens.Create("shop", "cart");
    private readonly WebApplication _app;
    private readonly SecureEndpoint _endpoint;
    private readonly CallerReview _review;

    private SecureServer(WebApplication app, SecureEndpoint endpoint, CallerReview review, CertificateAuthority authority)
    {
        (_app, _endpoint, _review, Authority) = (app, endpoint, review, authority);
    }

    public required DeltaServer Server { get; init; }
    public required ControlPlaneMetrics Metrics { get; init; }
    public required List<string> Log { get; init; }
    public CertificateAuthority Authority { get; }
    public bool Synced { get; set; } = true;
    public int Reviews { get; set; }
    public int Port => new Uri(_app.Urls.Single()).Port;
    public Uri Address => new($"https://istiod.istio-system.svc:{Port}");

    public static async Task<SecureServer> StartAsync(
        DeltaServerOptions? deltaOptions = null, IEnumerable<Pod>? pods = null, CertificateIssuer? issuer = null)
    {
        var options = new ControlPlaneOptions { SecurePort = 0, TrustedNodeAccounts = [new ObjectKey("istio-system", "ztunnel")], WorkloadTtlMax = TimeSpan.FromDays(2) };
        var time = TimeProvider.System;
        var authority = new CertificateAuthority(options, time);
        authority.Use(issuer ?? CertificateIssuer.CreateSelfSigned("cluster.local", IssuerKeyKind.Rsa2048, time.GetUtcNow(), TimeSpan.FromDays(3650)));
        SecureServer? self = null;
        var log = new List<string>();
        var metrics = new ControlPlaneMetrics(time, () => 0, () => null);
        var server = new DeltaServer(deltaOptions ?? new DeltaServerOptions(), metrics.Count, time, new Random(1));
        var review = new CallerReview((token, _) => Task.FromResult(ReviewOf(token, self!)), options.TokenAudiences, time, NullLogger.Instance);
        var endpoint = new SecureEndpoint(
            server, authority, new IssuancePolicy(options, new PodDirectory(pods ?? DefaultPods())), review, options, metrics,
            new CauseLog(time, new ListLogger(log)), () => self!.Synced);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(
            kestrel => TlsPort.Listen(kestrel, IPAddress.Loopback, 0, authority));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        app.Run(endpoint.ServeAsync);
        await app.StartAsync();
        self = new SecureServer(app, endpoint, review, authority) { Server = server, Metrics = metrics, Log = log };
        return self;
    }

    /// <summary>An invoker that trusts the mesh's root and reaches the port on loopback under istiod's name.</summary>
    public HttpMessageInvoker Connect() => new(
        new SocketsHttpHandler
        {
            SslOptions = Tls(),
            ConnectCallback = async (_, stop) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), stop);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });

    public SslClientAuthenticationOptions Tls()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPem(Authority.RootsPem);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
    }

    public DeltaClientOptions ClientOptions() => ClientOptions(ProxyToken);

    public DeltaClientOptions ClientOptions(string? token) => new()
    {
        Server = Address,
        Node = new DeltaNode(
            "ztunnel~10.0.0.1~ztunnel-a.istio-system~istio-system.svc.cluster.local",
            new Dictionary<string, string> { ["NAMESPACE"] = "istio-system", ["SERVICE_ACCOUNT"] = "ztunnel", ["NODE_NAME"] = "node-a" }),
        Connect = Connect,
        Token = _ => ValueTask.FromResult(token),
    };

    public CertificateClient Certificates() => Certificates(ProxyToken);

    public CertificateClient Certificates(string? token, string cluster = "Kubernetes") => new(
        new CertificateClientOptions { Server = Address, Connect = Connect, Token = _ => ValueTask.FromResult(token), ClusterId = cluster },
        TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _endpoint.Dispose();
        _review.Dispose();
    }

    private static IEnumerable<Pod> DefaultPods() =>
    [
        NewPod("istio-system", "ztunnel-a", "ztunnel", "node-a", uid: "zt-1"),
        NewPod("shop", "cart-0", "cart", "node-a"),
        NewPod("shop", "web-0", "web", "node-b"),
    ];

    public static Pod NewPod(string ns, string name, string account, string? node, string uid = "", string phase = "Running") => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name, Uid = uid },
        Spec = new PodSpec { ServiceAccountName = account, NodeName = node },
        Status = new PodStatus { Phase = phase },
    };

    private static (TokenReviewResult? Result, ApiError? Error) ReviewOf(string token, SecureServer self)
    {
        self.Reviews++;
        var (user, pod, uid) = token == ProxyToken ? ("istio-system:ztunnel", "ztunnel-a", "zt-1")
            : token == WorkloadToken ? ("shop:cart", "cart-0", "c-1")
            : ("", "", "");
        return (new TokenReviewResult
        {
            Authenticated = user.Length > 0,
            User = "system:serviceaccount:" + user,
            Groups = ["system:serviceaccounts"],
            Extra = new Dictionary<string, string[]>
            {
                ["authentication.kubernetes.io/pod-name"] = [pod],
                ["authentication.kubernetes.io/pod-uid"] = [uid],
            },
        }, null);
    }

    private sealed class ListLogger(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines) lines.Add(formatter(state, exception));
        }
    }
}
