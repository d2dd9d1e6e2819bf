using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Mesh.Daemon.Logging;
using Mesh.Identity;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Xds.Client;
using Mesh.Xds.Grpc;

namespace Mesh.ControlPlane.Tests.Cluster;

/// <summary>The whole program against a real API server: informers, translation, xDS, TokenReview, the authority and its roots.</summary>
[Trait("Category", "Cluster")]
public sealed class ControlPlaneTests(ApiServer api) : IClassFixture<ApiServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const string Ambient = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: peerauthentications.security.istio.io}
        spec:
          group: security.istio.io
          scope: Namespaced
          names: {kind: PeerAuthentication, plural: peerauthentications, singular: peerauthentication, listKind: PeerAuthenticationList}
          versions:
          - name: v1beta1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: istio-system}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: ztunnel, namespace: istio-system}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: ztunnel-a, namespace: istio-system}
        spec: {serviceAccountName: ztunnel, nodeName: node-a, containers: [{name: c, image: none}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: cart-0, namespace: shop, labels: {app: cart}, annotations: {ambient.istio.io/redirection: enabled}}
        spec: {serviceAccountName: cart, nodeName: node-a, containers: [{name: c, image: none, ports: [{name: web, containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop}
        spec: {selector: {app: cart}, ports: [{port: 80, targetPort: web, appProtocol: http2}]}
        """;

    [Fact]
    public async Task A_cluster_becomes_a_mesh_and_stays_one()
    {
        using var client = api.Connect();
        await api.KubectlAsync(Ambient, "apply");
        await client.PatchStatusAsync(Pod.Resource, new ObjectKey("shop", "cart-0"), JsonNode.Parse(
            """{"phase":"Running","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}],"conditions":[{"type":"Ready","status":"True"}]}""")!, CancellationToken.None);
        using var log = new Log(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var options = new ControlPlaneOptions
        {
            SecurePort = 0,
            MonitoringPort = 0,
            HealthPort = 0,
            TrustedNodeAccounts = [new ObjectKey("istio-system", "ztunnel")],
            DrainWindow = TimeSpan.Zero,
        };
        await using var program = new ControlPlaneProgram(options, client, TimeProvider.System, new Random(1), log);
        using var stop = new CancellationTokenSource();
        var running = program.RunAsync(new Random(1), stop.Token);
        await UntilAsync(() => program.IsReady || running.IsCompleted);
        Assert.False(running.IsCompleted, running.Exception?.ToString());

        // The authority's key is where either control plane finds it, and every namespace has the roots.
        var secret = await client.GetAsync(Secret.Resource, new ObjectKey("istio-system", "istio-ca-secret"), CancellationToken.None);
        Assert.Equal("istio.io/ca-root", secret.Type);
        Assert.Equal(["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "key.pem", "root-cert.pem"], secret.Data.Keys.Order(StringComparer.Ordinal));
        await UntilAsync(async () => await RootOfAsync(client, "shop") == program.Authority.RootsPem);
        await UntilAsync(async () => await RootOfAsync(client, "kube-system") == program.Authority.RootsPem);
        Assert.Null(await RootOfAsync(client, "kube-public"));
        await client.DeleteAsync(ConfigMap.Resource, new ObjectKey("shop", "istio-ca-root-cert"), new DeleteOptions(), CancellationToken.None);
        await UntilAsync(async () => await RootOfAsync(client, "shop") == program.Authority.RootsPem);
        await api.KubectlAsync("apiVersion: v1\nkind: Namespace\nmetadata: {name: late}", "apply");
        await UntilAsync(async () => await RootOfAsync(client, "late") == program.Authority.RootsPem);

        // A proxy with a real pod's token receives the mesh and its changes.
        var token = await TokenAsync("ztunnel-a", "ztunnel", "istio-ca");
        await using var proxy = new Proxy(program, token);
        await proxy.Client.Synced.WaitAsync(Patience);
        var cart = proxy.Workloads["Kubernetes//Pod/shop/cart-0"];
        Assert.Equal(Model.TunnelProtocol.Hbone, cart.Protocol);
        Assert.Equal(8080, cart.Services.Single().Ports.Single().TargetPort);
        await api.KubectlAsync("apiVersion: security.istio.io/v1beta1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: shop}\nspec: {mtls: {mode: STRICT}}", "apply");
        await UntilAsync(() => proxy.Workloads["Kubernetes//Pod/shop/cart-0"].AuthorizationPolicies.Contains("istio-system/istio_converted_static_strict"));
        Assert.True(proxy.Policies.ContainsKey("istio-system/istio_converted_static_strict"));

        // It is certified for workloads on its node, by a token for the right audience, and for no others.
        Assert.IsType<CertificateAnswer.Issued>(await CertifyAsync(program, token, "shop", "cart"));
        Assert.IsType<CertificateAnswer.Refused>(await CertifyAsync(program, token, "shop", "absent"));
        var foreign = await TokenAsync("ztunnel-a", "ztunnel", "https://elsewhere.example");
        var refused = Assert.IsType<CertificateAnswer.Refused>(await CertifyAsync(program, foreign, "shop", "cart"));
        Assert.Equal(GrpcCode.Unauthenticated, refused.Status.Code);

        // Health and metrics on the plain ports.
        using var http = new HttpClient();
        var plain = program.Urls.First(url => url.StartsWith("http://", StringComparison.Ordinal)).Replace("[::]", "localhost", StringComparison.Ordinal);
        Assert.Contains("pilot_xds_pushes", await http.GetStringAsync(new Uri(plain + "/metrics")), StringComparison.Ordinal);
        Assert.Contains("cart-0", await http.GetStringAsync(new Uri(plain + "/debug/ambientz")), StringComparison.Ordinal);
        Assert.Contains("ztunnel-a", await http.GetStringAsync(new Uri(plain + "/debug/syncz")), StringComparison.Ordinal);
        Assert.StartsWith("ready", await http.GetStringAsync(new Uri(plain + "/ready")), StringComparison.Ordinal);

        await stop.CancelAsync();
        Assert.True(await running.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_program_whose_work_breaks_ends_to_be_started_anew()
    {
        var clock = new BreakingClock();
        using var client = api.Connect(clock);
        await api.KubectlAsync("apiVersion: v1\nkind: Namespace\nmetadata: {name: broken}", "apply");
        using var log = new Log(Stream.Null, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        var options = new ControlPlaneOptions
        {
            SecurePort = 0,
            MonitoringPort = 0,
            HealthPort = 0,
            DrainWindow = TimeSpan.Zero,
            Mesh = new() { SystemNamespace = "broken", RootNamespace = "broken" },
        };
        await using var program = new ControlPlaneProgram(options, client, TimeProvider.System, new Random(1), log);
        var running = program.RunAsync(new Random(1), CancellationToken.None);
        await UntilAsync(() => program.IsReady || running.IsCompleted);
        Assert.False(running.IsCompleted);

        clock.IsBroken = true;

        Assert.False(await running.WaitAsync(Patience)); // The process exits with 1, and kubelet starts another.
    }

    private async Task<string> TokenAsync(string pod, string account, string audience)
    {
        var answer = await api.KubectlForAsync(
            """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["AUDIENCE"],"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"POD"}}}"""
                .Replace("AUDIENCE", audience, StringComparison.Ordinal).Replace("POD", pod, StringComparison.Ordinal),
            "create", "--raw", $"/api/v1/namespaces/istio-system/serviceaccounts/{account}/token");
        return JsonNode.Parse(answer)!["status"]!["token"]!.GetValue<string>();
    }

    private static async Task<string?> RootOfAsync(KubernetesClient client, string ns)
    {
        var found = await client.FindAsync(ConfigMap.Resource, new ObjectKey(ns, "istio-ca-root-cert"), CancellationToken.None);
        return found?.Data.GetValueOrDefault("root-cert.pem");
    }

    private static async Task<CertificateAnswer> CertifyAsync(ControlPlaneProgram program, string token, string ns, string account)
    {
        var id = new SpiffeId("cluster.local", ns, account);
        using var request = SigningRequest.Create(id);
        var certificates = new CertificateClient(
            new CertificateClientOptions { Server = AddressOf(program), Connect = () => Connect(program), Token = _ => ValueTask.FromResult<string?>(token) },
            TimeProvider.System);
        return await certificates.CreateAsync(request.Pem, TimeSpan.FromHours(1), id.ToString(), CancellationToken.None);
    }

    private static Uri AddressOf(ControlPlaneProgram program) => new($"https://istiod.istio-system.svc:{PortOf(program)}");

    private static int PortOf(ControlPlaneProgram program) =>
        new Uri(program.Urls.First(url => url.StartsWith("https://", StringComparison.Ordinal)).Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    private static HttpMessageInvoker Connect(ControlPlaneProgram program)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(program.Authority.RootsPem);
        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, PortOf(program)), stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition()) await Task.Delay(50, limit.Token);
    }

    /// <summary>A stand-in for any fault of ours: what renews the lease throws.</summary>
    private sealed class BreakingClock : TimeProvider
    {
        public volatile bool IsBroken;

        public override long GetTimestamp() => IsBroken ? throw new InvalidOperationException("the clock broke") : base.GetTimestamp();
    }

    /// <summary>A proxy on node-a.
    private sealed class Proxy : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Proxy(ControlPlaneProgram program, string token)
        {
            var metadata = new Dictionary<string, string> { ["NAMESPACE"] = "istio-system", ["NODE_NAME"] = "node-a" };
            Client = new DeltaClient(
                new DeltaClientOptions
                {
                    Server = AddressOf(program),
                    Node = new DeltaNode("ztunnel~10.0.0.1~ztunnel-a.istio-system~istio-system.svc.cluster.local", metadata),
                    Connect = () => Connect(program),
                    Token = _ => ValueTask.FromResult<string?>(token),
                },
                (batch, _) =>
                {
                    foreach (var workload in batch.Workloads) Workloads[workload.Uid] = workload;
                    foreach (var policy in batch.Policies) Policies[policy.Key] = policy;
                    return ValueTask.CompletedTask;
                },
                _ => { },
                TimeProvider.System,
                new Random(1));
            _running = Client.RunAsync(_stop.Token);
        }

        public DeltaClient Client { get; }
        public ConcurrentDictionary<string, Model.Workload> Workloads { get; } = new();
        public ConcurrentDictionary<string, Model.AuthorizationPolicy> Policies { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
