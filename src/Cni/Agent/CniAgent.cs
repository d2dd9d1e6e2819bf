using System.Net;
using System.Net.Sockets;
using Mesh.Cni.Install;
using Mesh.Cni.Plugin;
using Mesh.Cni.Redirect;
using Mesh.Cni.Selection;
using Mesh.Daemon;
using Mesh.Daemon.Admin;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Inpod;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Watching;
using Mesh.Linux;
using Mesh.Linux.Loops;
using Mesh.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>
/// The node agent, put together. Starts in the order in which each part may rely on the ones before: probes, copies of the cluster, what
/// an earlier agent left, ztunnel's socket, the plugin's socket, the plugin itself.
/// </summary>
internal sealed class CniAgent : IAsyncDisposable
{
    private const int ReconcilersMax = 8;
    private const int PluginConnectionsMax = 256;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DepartureLimit = TimeSpan.FromSeconds(25);

    private readonly CniOptions _options;
    private readonly KubernetesClient _kubernetes;
    private readonly Log _log;
    private readonly TimeProvider _time;
    private readonly Metrics _metrics = new();
    private readonly Readiness _readiness = new();
    private readonly ReadinessTask _served;
    private readonly ReadinessTask _installed;
    private readonly CniMetrics _counters;
    private readonly PodTable _table = new();
    private readonly NetworkNamespace _host;
    private readonly ProbeSet _probes;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Namespace> _namespaces;
    private readonly PodFacts _facts;
    private readonly NamespaceFinder _finder;
    private readonly Enrolment _enrolment;
    private readonly HostInstall _install;
    private readonly EventLoop _loop;
    private readonly LogScope _agentLog;

    public CniAgent(CniOptions options, KubernetesClient kubernetes, Log log, TimeProvider time, string pluginSource)
    {
        (_options, _kubernetes, _log, _time) = (options, kubernetes, log, time);
        _agentLog = log.Scope("cni-agent");
        _served = _readiness.Add("enrolment");
        _installed = _readiness.Add("plugin");
        _counters = new CniMetrics(_metrics);
        _host = NetworkNamespace.Open(options.HostNetns);
        var settings = new RedirectSettings
        {
            V6 = options.V6,
            CapturesDns = options.CapturesDns,
            IsGraceful = options.IsGraceful,
            ProbeV4 = options.ProbeV4,
            ProbeV6 = options.ProbeV6,
        };
        _probes = new ProbeSet(_host, FindKubelet(), settings);
        var onThisNode = new ListOptions { FieldSelector = $"spec.nodeName={options.NodeName}", FromServerCache = true };
        _pods = new Informer<Pod>(kubernetes, Pod.Resource, new InformerOptions<Pod> { Which = onThisNode });
        _namespaces = new Informer<Namespace>(
            kubernetes, Namespace.Resource, new InformerOptions<Namespace> { Which = new ListOptions { FromServerCache = true } });
        _facts = new PodFacts(kubernetes, _pods.Lister, _namespaces.Lister, new EnrolmentRule(EnrolmentRule.DefaultPairs, options.ExcludedNamespaces));
        _finder = new NamespaceFinder(options.HostProc, _host.Identity, time);
        _enrolment = new Enrolment(_table, settings, _host.Identity, _probes, new RedirectionStatus(kubernetes), _counters, _agentLog);
        _install = new HostInstall(new InstallPlan
        {
            BinaryDirectory = options.BinaryDirectory,
            ConfigDirectory = options.ConfigDirectory,
            ConfigName = options.ConfigName,
            PluginSource = pluginSource,
            RunDirectory = options.RunDirectory,
            ExcludedNamespaces = [.. options.ExcludedNamespaces],
            OwnPods = [$"{options.PodNamespace}/mesh-cni-", $"{options.PodNamespace}/ztunnel-"],
        });
        _loop = EventLoop.Start(new EventLoopOptions
        {
            Name = "zds",
            OnFault = (where, fault) => _agentLog.LogError(fault, "fault in {Where}", where),
        });
        _metrics.ObserveGauge("mesh_cni_pods_enrolled", "Pods this node has in hand.", () => _table.Count);
        _metrics.ObserveGauge("mesh_cni_pods_served", "Pods that ztunnel said it serves.", () => _table.CountAcked());
        _metrics.ObserveGauge("mesh_cni_probe_pods", "Pods whose probes are exempt.", () => _probes.Count);
    }

    /// <summary>Runs until told to stop; takes the mesh off the node only if it leaves for good. False when it cannot go on.</summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = new TaskSet(_agentLog);
        try
        {
            var counters = new AdminCounters(_metrics);
            Serve(running, new IPEndPoint(AnyAddress, _options.HealthPort), HealthPages(), counters, limits: null, end.Token);
            var metrics = new AdminPages().Metrics(_metrics, "/metrics");
            Serve(running, new IPEndPoint(AnyAddress, _options.MonitoringPort), metrics, counters, limits: null, end.Token);
            running.AddVital("the copy of the pods", _pods.RunAsync(end.Token), end);
            running.AddVital("the copy of the namespaces", _namespaces.RunAsync(end.Token), end);
            await _pods.WaitForSyncAsync(end.Token);
            await _namespaces.WaitForSyncAsync(end.Token);
            await AdoptAsync(end.Token);
            await OpenZtunnelSocketAsync();
            running.AddVital("enrolment", ReconcileAsync(end.Token), end);
            running.AddVital("the care of the probes", WatchProbesAsync(end.Token), end);
            ServePlugin(running, counters, end);
            var installing = new InstallLoop(_install, _facts, _installed, _counters, _time, _log.Scope("cni-install"));
            running.AddVital("the installation of the plugin", installing.RunAsync(end.Token), end);
            _served.Done();
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Told to end, or a part failed.
        }

        await end.CancelAsync();
        await running.WhenAllAsync();
        if (running.Failure is { } failure)
        {
            _agentLog.LogError("ending, to be started anew, because of {Failure}; rules, plugin and probes stay", failure);
            return false;
        }

        var self = _facts.Find(new ObjectKey(_options.PodNamespace, _options.PodName));
        if (await new Departure(_kubernetes, _options).IsForGoodAsync(self, _time)) await UninstallAsync();
        else _agentLog.LogInformation("a successor takes over: rules, plugin and probes stay");
        return true;
    }

    /// <summary>Takes every pod out, then everything of ours on the host; the order keeps traffic flowing throughout.</summary>
    public async Task UninstallAsync()
    {
        _agentLog.LogInformation("the mesh leaves this node");
        using var limit = new CancellationTokenSource(DepartureLimit, _time);
        Attempt("the plugin", _install.Remove);
        var released = 0;
        foreach (var pod in _facts.All)
        {
            var isIn = _table.Contains(pod.Metadata.Uid) || pod.Metadata.Annotations.ContainsKey(PodAnnotations.Redirection);
            if (!isIn || limit.IsCancellationRequested) continue;
            try
            {
                var opened = _table.HasNamespace(pod.Metadata.Uid) ? null : _finder.Find(pod.Metadata.Uid, PodFacts.AddressesOf(pod));
                var problem = await _enrolment.ReleaseAsync(pod.Metadata.Uid, pod, opened, limit.Token);
                if (problem is null) released++;
                else _agentLog.LogError("pod {Pod} keeps its rules: {Problem}", pod.Metadata.Key, problem);
            }
            catch (OperationCanceledException)
            {
                _agentLog.LogError("pod {Pod} keeps its rules: no time left", pod.Metadata.Key);
            }
        }

        try
        {
            await _probes.ClearAsync(CancellationToken.None);
        }
        catch (LinuxException e)
        {
            _agentLog.LogError("the probes' table stays: {Problem}", e.Message);
        }

        _agentLog.LogInformation("{Count} pods left the mesh", released);
    }

    /// <summary>Fills the copies of the cluster once, for an uninstall without a running agent.</summary>
    public async Task SyncAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = new TaskSet(_agentLog);
        running.Add(_pods.RunAsync(end.Token));
        running.Add(_namespaces.RunAsync(end.Token));
        await _pods.WaitForSyncAsync(stop);
        await _namespaces.WaitForSyncAsync(stop);
        await end.CancelAsync();
        await running.WhenAllAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_enrolment.Ztunnels is { } ztunnels) await ztunnels.DisposeAsync();
        await _loop.DisposeAsync();
        _probes.Dispose();
        _host.Dispose();
    }

    private static IPAddress AnyAddress => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;

    private AdminPages HealthPages() => new AdminPages()
        .Get("/healthz", static _ => AdminResponse.Text("ok\n"))
        .Ready("/readyz", _readiness);

    private void Serve(TaskSet running, EndPoint at, AdminPages pages, AdminCounters counters, AdminLimits? limits, CancellationToken stop) =>
        running.Add(new AdminServer(at, pages, counters, _log.Scope("admin"), _time, limits).RunAsync(stop));

    /// <summary>The socket names any namespace by path, so only root may speak to it: the folder is closed before the socket is made.</summary>
    private void ServePlugin(TaskSet running, AdminCounters counters, CancellationTokenSource end)
    {
        Directory.CreateDirectory(_options.RunDirectory);
        HostFiles.SetMode(_options.RunDirectory, OwnerOnly | UnixFileMode.UserExecute);
        var path = Path.Combine(_options.RunDirectory, PluginConfig.SocketName);
        File.Delete(path);
        var endpoint = new PluginEndpoint(_facts, _enrolment, _options.HostRoot, _counters, _time, _log.Scope("cni-plugin"));
        var limits = new AdminLimits { ConnectionsMax = PluginConnectionsMax };
        var server = new AdminServer(
            new UnixDomainSocketEndPoint(path), new AdminPages().Post("/cmdadd", endpoint.AddAsync), counters, _log.Scope("admin"), _time, limits);
        running.AddVital("the plugin's socket", server.RunAsync(end.Token), end);
        HostFiles.SetMode(path, OwnerOnly);
    }

    /// <summary>What an earlier agent enrolled, found again by the pods' processes.</summary>
    private async Task AdoptAsync(CancellationToken stop)
    {
        foreach (var pod in _facts.All)
        {
            if (pod.IsTerminal || !_facts.Wants(pod)) continue;
            if (pod.Metadata.Annotations.Find(PodAnnotations.Redirection) != PodAnnotations.Enabled) continue;
            var addresses = PodFacts.AddressesOf(pod);
            await _enrolment.AdoptAsync(pod, _finder.Find(pod.Metadata.Uid, addresses), addresses, _options.RepairsRulesAtStart, stop);
        }

        await _probes.VerifyAsync(stop);
        _agentLog.LogInformation("{Count} pods of an earlier agent were found", _table.Count);
    }

    private async Task OpenZtunnelSocketAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_options.ZtunnelSocket)!);
        var options = new InpodServerOptions { Path = _options.ZtunnelSocket };
        _enrolment.Ztunnels = await InpodServer.StartAsync(_loop, options, new AgentOfPods(_table, _counters, _log.Scope("zds")));
    }

    private async Task ReconcileAsync(CancellationToken stop)
    {
        var reconciler = new PodReconciler(_facts, _table, _enrolment, _finder, _counters, _agentLog);
        var options = new ReconcileLoopOptions
        {
            Workers = ReconcilersMax,
            Resync = _options.SweepInterval,
            Queue = new WorkQueueOptions { LongestRetry = LongestRetry },
        };
        using var loop = new ReconcileLoop<Pod>(_kubernetes, Pod.Resource, _pods, reconciler, finalizer: null, options)
            .Watches(_namespaces, change => _pods.Lister.List(change.Key.Name).Select(static pod => pod.Metadata.Key));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var sweep = SweepAsync(loop.Queue, end.Token);
        await loop.RunAsync(stop);
        await end.CancelAsync();
        await sweep;
    }

    /// <summary>
    /// The loop's own sweep walks the copy of the cluster. A pod that the plugin enrolled and that came and went while the copy was
    /// being made anew is in none of them: only the table knows it.
    /// </summary>
    private async Task SweepAsync(WorkQueue queue, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options.SweepInterval, _time, stop);
                foreach (var (key, uid) in _table.Pods())
                {
                    // A full queue is no loss: the next sweep comes.
                    if (_facts.Find(key)?.Metadata.Uid != uid) queue.TryAdd(key);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop ends.
        }
    }

    private async Task WatchProbesAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(_options.SweepInterval, _time, stop);
            try
            {
                if (!await _probes.VerifyAsync(stop)) continue;
                _counters.Repairs.With("probes").Increment();
                _agentLog.LogWarning("the probes' table had been changed; it is as it should be again");
            }
            catch (LinuxException e)
            {
                _agentLog.LogError("the probes' table cannot be looked at: {Problem}", e.Message);
            }
        }
    }

    private uint FindKubelet()
    {
        if (KubeletUser.Find(_options.HostProc) is { } user) return user;
        _agentLog.LogWarning("no process looks like kubelet; its probes are taken to come from user 0");
        return 0;
    }

    private void Attempt(string what, Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _agentLog.LogError("cannot remove {What}: {Problem}", what, e.Message);
        }
    }
}
