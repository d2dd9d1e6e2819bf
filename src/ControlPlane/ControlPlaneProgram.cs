using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Publish;
using Mesh.ControlPlane.Serve;
using Mesh.ControlPlane.Watch;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Hosting;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Events;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Reviews;
using Mesh.Xds.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane;

/// <summary>The composition root: one cluster, one mesh, one authority. Owned by whoever runs it; ends when told to.</summary>
internal sealed class ControlPlaneProgram : IAsyncDisposable
{
    private readonly ControlPlaneOptions _options;
    private readonly KubernetesClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CertificateAuthority _authority;
    private readonly ControlPlaneMetrics _metrics;
    private readonly DeltaServer _server;
    private readonly MeshState _state;
    private readonly ClusterView _cluster;
    private readonly CallerReview _review;
    private readonly SecureEndpoint _secure;
    private readonly RootStore _store;
    private readonly Readiness _readiness = new();
    private readonly ReadinessTask _synced;
    private readonly Telemetry _telemetry;
    private readonly WebApplication _app;

    public ControlPlaneProgram(ControlPlaneOptions options, KubernetesClient client, TimeProvider time, Random chance, Log log)
    {
        (_options, _client, _time, _log) = (options, client, time, log.CreateLogger("controlplane"));
        _synced = _readiness.Add("cluster state");
        _authority = new CertificateAuthority(options, time);
        DeltaServer? server = null;
        _metrics = new ControlPlaneMetrics(time, () => server?.StreamCount ?? 0, () => _authority.RootExpiry);
        server = _server = new DeltaServer(
            new DeltaServerOptions { RequestBytesMax = options.RequestBytesMax, StreamAgeMax = options.StreamAgeMax }, Observe, time, chance);
        _state = new MeshState(
            new MeshIndex(options.Mesh), _server, _metrics,
            new MeshStateOptions { Quiet = options.DebounceQuiet, DelayMax = options.DebounceMax }, time, _log);
        _cluster = new ClusterView(client, _state, time, _log);
        _review = new CallerReview(ReviewAsync, options.TokenAudiences, time, _log);
        _store = new RootStore(client, options, time, _log);
        _secure = new SecureEndpoint(
            _server, _authority, new IssuancePolicy(options, _cluster.Pods), _review, options, _metrics, new CauseLog(time, _log), () => !_synced.IsPending);

        var host = new MeshHostOptions
        {
            Program = "mesh-control-plane",
            Meters = [],
            OperationsPorts = [options.MonitoringPort, options.HealthPort],
            ShutdownTimeout = options.DrainWindow + TimeSpan.FromSeconds(5),
        };
        _telemetry = new Telemetry(host);
        var builder = MeshHost.CreateBuilder(host, log);
        builder.WebHost.ConfigureKestrel(kestrel => TlsPort.Listen(kestrel, host.Address, options.SecurePort, _authority));
        _app = builder.Build();
        new DebugPages(_server, _state, _review, options, _metrics).Use(_app);
        _app.UseOperationsPages(host, _readiness, _telemetry, log, _metrics.Registry);
        _app.Run(_secure.ServeAsync);
    }

    /// <summary>Where the ports really are, once it runs; they may have been given as 0.</summary>
    public ICollection<string> Urls => _app.Urls;

    public CertificateAuthority Authority => _authority;

    public DeltaServer Server => _server;

    public ControlPlaneMetrics Metrics => _metrics;

    public bool IsReady => _readiness.IsReady;

    /// <summary>Runs until told to stop; false with a logged reason when it cannot start, or cannot go on.</summary>
    public async Task<bool> RunAsync(Random chance, CancellationToken stop)
    {
        if (!await LoadAuthorityAsync(stop)) return stop.IsCancellationRequested;
        using var running = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await _app.StartAsync(stop);
        _log.LogInformation(
            "Control plane {Version} for trust domain {TrustDomain}, revision {Revision}: xDS and CA on {Secure}, metrics on {Monitoring}.",
            ProductVersion.Text, _options.Mesh.TrustDomain, _options.Mesh.Revision, _options.SecurePort, _options.MonitoringPort);
        var distribution = new RootDistribution(_client, _cluster.Namespaces, _authority, _options, _time, new Random(chance.Next()), _log);
        var lease = new LeaderLease(
            _client, new ObjectKey(_options.Mesh.SystemNamespace, $"mesh-control-plane-{_options.Mesh.Revision}"), _options.PodName);
        var rotation = new RootRotation(_store, _authority, () => lease.IsLeader, distribution.RootsChanged, _time, chance, _log);
        var tasks = new TaskSet(_log);
        tasks.AddVital("the view of the cluster", _cluster.RunAsync(Synced, running.Token), running);
        tasks.AddVital("publication", _state.RunAsync(running.Token), running);
        var policies = new PolicyEvents(new EventRecorder(_client, "mesh-control-plane", _options.PodName), _state);
        tasks.AddVital("the leader's work", lease.RunAsync(stop => LeadAsync(distribution, policies, stop), running.Token), running);
        tasks.AddVital("rotation of the root", rotation.RunAsync(running.Token), running);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, running.Token);
        }
        catch (OperationCanceledException)
        {
            _log.LogInformation("Stopping: {Streams} streams move elsewhere within {Window}.", _server.StreamCount, _options.DrainWindow);
        }
        _synced.Undone(); // The service stops choosing us before the streams go.
        _server.Drain(_options.DrainWindow);
        await WaitForDrainAsync();
        await running.CancelAsync();
        await _app.StopAsync(CancellationToken.None);
        await tasks.WhenAllAsync();
        if (tasks.Failure is not { } failure) return true;
        _log.LogError("Ending, to be started anew, because of {Failure}.", failure);
        return false;
    }

    /// <summary>What one replica does for all; when a part of it ends, the whole does.</summary>
    private static async Task LeadAsync(RootDistribution distribution, PolicyEvents policies, CancellationToken stop)
    {
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] parts = [distribution.RunAsync(leading.Token), policies.RunAsync(leading.Token)];
        await Task.WhenAny(parts);
        await leading.CancelAsync();
        await Task.WhenAll(parts);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _telemetry.Dispose();
        _secure.Dispose();
        _review.Dispose();
    }

    private async Task<(TokenReviewResult? Result, ApiError? Error)> ReviewAsync(string token, CancellationToken stop)
    {
        var asked = await _client.TryReviewTokenAsync(token, _options.TokenAudiences, stop);
        return (asked.Value, asked.Error);
    }

    private void Synced()
    {
        _synced.Done();
        _log.LogInformation(
            "The cluster is known: {Addresses} workloads and services, {Policies} policies.",
            _server.Snapshot.AddressCount, _server.Snapshot.PolicyCount);
    }

    private async Task WaitForDrainAsync()
    {
        var since = _time.GetTimestamp();
        while (_server.StreamCount > 0 && _time.GetElapsedTime(since) < _options.DrainWindow + TimeSpan.FromSeconds(2))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None);
        }
    }

    private async Task<bool> LoadAuthorityAsync(CancellationToken stop)
    {
        var delay = TimeSpan.FromSeconds(1);
        try
        {
            while (true)
            {
                var (issuer, problem) = await _store.LoadOrCreateAsync(stop);
                if (issuer is not null)
                {
                    _authority.Use(issuer);
                    return true;
                }
                _log.LogError("There is no signing certificate: {Problem}", problem);
                if (_store.IsPluggedIn) return false; // A mount does not repair itself while we wait.
                await Task.Delay(delay, _time, stop);
                delay = delay < TimeSpan.FromSeconds(30) ? delay * 2 : delay;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Observe(DeltaServerEvent happened)
    {
        _metrics.Count(happened);
        switch (happened)
        {
            case DeltaServerEvent.StreamStarted started: _log.LogInformation("Stream of {Node} opened.", started.Node); break;
            case DeltaServerEvent.StreamEnded
            {
                Node.Length:
                > 0
            } ended:
                _log.LogInformation("Stream of {Node} ended: {Status}.", ended.Node, ended.Status);
                break;
            case DeltaServerEvent.Rejected rejected:
                _log.LogWarning("{Node} rejected {Type}: {Reason}", rejected.Node, rejected.TypeUrl, rejected.Reason);
                break;
            default: break;
        }
    }
}
