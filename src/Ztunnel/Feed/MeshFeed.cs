using Mesh.Daemon.Metering;
using Mesh.Model.Snapshot;
using Mesh.Xds.Client;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Options;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Feed;

/// <summary>The control plane's pushes to snapshots: the only writer of <see cref="MeshView"/> once it runs. One consumer at a time.</summary>
internal sealed class MeshFeed
{
    private readonly ZtunnelOptions _options;
    private readonly MeshSnapshotBuilder _builder;
    private readonly MeshView _view;
    private readonly CertificateStore _certificates;
    private readonly ILogger _log;
    private readonly DeltaClient _client;
    private readonly OnDemandNames? _names;
    private readonly MetricFamily<Counter> _terminations;
    private readonly MetricFamily<Counter> _messages;
    private readonly MetricFamily<Counter> _messageBytes;
    private readonly HashSet<Identity.SpiffeId> _prefetched = [];

    public MeshFeed(
        ZtunnelOptions options, MeshSnapshotBuilder builder, MeshView view, CertificateStore certificates, Metrics metrics,
        ILogger log, TimeProvider time, Random chance, OnDemandNames? names = null)
    {
        _names = names;
        (_options, _builder, _view, _certificates, _log) = (options, builder, view, certificates, log);
        _terminations = metrics.Counters("istio_xds_connection_terminations", "Streams to the control plane that ended.", ["reason"]);
        _messages = metrics.Counters("istio_xds_message", "Pushes received from the control plane.", ["url"]);
        _messageBytes = metrics.Counters("istio_xds_message_bytes", "Bytes of the pushes received from the control plane.", ["url"]);
        var server = options.Xds!;
        var channel = new ControlPlaneChannel(server, options.AuthToken);
        _client = new DeltaClient(
            new DeltaClientOptions
            {
                Server = server.Address,
                Node = NodeOf(options),
                Connect = channel.Connect,
                Token = channel.ReadTokenAsync,
                ClusterId = options.ClusterId,
                Headers = server.Headers,
                OnDemand = options.XdsOnDemand,
            },
            ConsumeAsync,
            Observe,
            time,
            chance);
        names?.Attach(_client.Request, _client.Release);
    }

    /// <summary>Completes when both kinds of resources have arrived once.</summary>
    public Task Synced => _client.Synced;

    public Task RunAsync(CancellationToken stop) => _client.RunAsync(stop);

    private static DeltaNode NodeOf(ZtunnelOptions options)
    {
        var ip = options.InstanceIp.Length > 0 ? options.InstanceIp : "1.1.1.1";
        var metadata = new Dictionary<string, string>(options.XdsMetadata, StringComparer.Ordinal)
        {
            ["NAME"] = options.PodName,
            ["NAMESPACE"] = options.PodNamespace,
            ["INSTANCE_IPS"] = ip,
            ["NODE_NAME"] = options.NodeName,
        };
        // Never the cluster's own domain: control planes know proxies by this form.
        var id = $"ztunnel~{ip}~{options.PodName}.{options.PodNamespace}~{options.PodNamespace}.svc.cluster.local";
        return new DeltaNode(id, metadata) { JsonMetadata = options.XdsJsonMetadata };
    }

    private ValueTask ConsumeAsync(DeltaBatch batch, CancellationToken stop)
    {
        foreach (var workload in batch.Workloads) _builder.Set(workload);
        foreach (var service in batch.Services) _builder.Set(service);
        foreach (var policy in batch.Policies) _builder.Set(policy);
        var isPolicies = batch.TypeUrl == Xds.TypeUrls.Authorization;
        foreach (var name in batch.Removed)
        {
            if (isPolicies) _builder.RemovePolicy(name);
            else _builder.RemoveAddress(name);
        }

        _names?.NoteArrivals(batch);
        // A push may come in many batches; what connections see changes once.
        if (batch.EndOfPush)
        {
            var mesh = _builder.Freeze();
            _view.Replace(mesh);
            _names?.AnswerArrivals();
            if (!isPolicies) PrefetchFor(mesh);
            if (!isPolicies && _names is { } names) AskForLocal(mesh, names);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Certificates for what runs on this node, before the first connection needs them; none for identities that left.</summary>
    private void PrefetchFor(MeshSnapshot mesh)
    {
        if (_options.NodeName.Length == 0 || _options.Mode != ProxyMode.Shared) return;
        var wanted = new HashSet<Identity.SpiffeId>();
        foreach (var workload in mesh.LocalWorkloads)
        {
            if (workload.AcceptsHbone || workload.Shape.NativeTunnel) wanted.Add(workload.Identity);
        }

        foreach (var identity in wanted)
        {
            if (_prefetched.Add(identity)) _certificates.Prefetch(identity);
        }

        foreach (var identity in _prefetched.Where(known => !wanted.Contains(known)).ToList())
        {
            _prefetched.Remove(identity);
            _certificates.Forget(identity);
        }
    }

    /// <summary>On demand: what our own workloads need is asked for before anybody waits for it.</summary>
    private void AskForLocal(MeshSnapshot mesh, OnDemandNames names)
    {
        var missing = new List<string>();
        if (_options.Dedicated is { } me)
        {
            if (mesh.FindLocalWorkload(me.Namespace, me.Name, me.ServiceAccount) is { } own) OnDemandLookup.CollectLocal(mesh, own, missing);
        }
        else
        {
            foreach (var workload in mesh.LocalWorkloads) OnDemandLookup.CollectLocal(mesh, workload, missing);
        }

        foreach (var name in missing) _ = names.TryAsk(name, out _);
    }

    private static string NameOf(StreamEndReason reason) => reason switch
    {
        StreamEndReason.Complete => "Complete",
        StreamEndReason.Reconnect => "Reconnect",
        StreamEndReason.Error => "Error",
        StreamEndReason.ConnectionError => "ConnectionError",
    };

    private void Observe(DeltaClientEvent what)
    {
        switch (what)
        {
            case DeltaClientEvent.Connected:
                _log.LogInformation("connected to the control plane at {Address}", _options.Xds!.Address);
                break;
            case DeltaClientEvent.StreamEnded ended:
                _terminations.With(NameOf(ended.Reason)).Increment();
                if (ended.Routine) _log.LogDebug("the stream ended ({Status}); the next one starts in {Delay}", ended.Status, ended.RetryAfter);
                else _log.LogWarning("no stream to the control plane at {Address}: {Status}; retrying in {Delay}", _options.Xds!.Address,
                    ended.Status, ended.RetryAfter);
                break;
            case DeltaClientEvent.Faulted faulted:
                _log.LogError(faulted.Fault, "what the control plane sent could not be applied; the mesh stays as it is, and is asked for again");
                break;
            case DeltaClientEvent.ResourceRejected rejected:
                _log.LogWarning("{Type} {Name} was rejected: {Reason}", rejected.TypeUrl, rejected.Name, rejected.Reason);
                break;
            case DeltaClientEvent.PushApplied push:
                _messages.With(push.TypeUrl).Increment();
                _messageBytes.With(push.TypeUrl).Add(push.Bytes);
                _log.LogDebug("{Type}: {Resources} set, {Removed} removed, {Rejected} rejected", push.TypeUrl, push.Resources, push.Removed, push.Rejected);
                break;
        }
    }
}
