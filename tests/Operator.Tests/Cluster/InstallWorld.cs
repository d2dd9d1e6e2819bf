using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Operator.Api;
using Mesh.Operator.Install;
using Mesh.Operator.Rules;

namespace Mesh.Operator.Tests.Cluster;

/// <summary>One cluster with the operator's manifests applied, operators that come and go, and the missing controllers played by the test.</summary>
internal sealed class InstallWorld : IAsyncDisposable
{
    public static readonly (ResourceType<KubernetesObject> Type, string Namespace, string Name)[] Workloads =
    [
        (WorkloadTypes.Deployments, "mesh-system", "mesh-control-plane"),
        (WorkloadTypes.DaemonSets, "mesh-node", "mesh-cni"),
        (WorkloadTypes.DaemonSets, "mesh-node", "ztunnel"),
    ];

    private readonly ApiServer _server;
    private readonly MemoryStream _output = new();
    private readonly Log _log;
    private readonly List<(OperatorWorker Worker, OperatorMetrics Metrics, KubernetesClient Client)> _operators = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _controllers = Task.CompletedTask;
    private int _instances;

    private InstallWorld(ApiServer server)
    {
        _server = server;
        _log = new Log(_output, LogFormat.Plain, LogFilter.TryParse("debug", out var filter, out _) ? filter : LogFilter.Information, TimeProvider.System);
        Kubernetes = server.Connect();
    }

    public KubernetesClient Kubernetes { get; }

    public OperatorOptions Options { get; init; } = OperatorOptions.FromEnvironment(_ => null) with
    {
        Versions = new VersionCatalogue([new Version(0, 1, 0), new Version(0, 1, 1), new Version(0, 2, 0)]),
    };

    public string LogText
    {
        get { lock (_output) return System.Text.Encoding.UTF8.GetString(_output.ToArray()); }
    }

    public static async Task<InstallWorld> BeginAsync(ApiServer server)
    {
        if (server.Missing is { } missing) Assert.Skip(missing);
        var world = new InstallWorld(server);
        await server.RunKubectlAsync("apply", "-k", Path.Combine(ApiServer.Repository, "config/default"));
        await server.RunKubectlAsync("wait", "--for=condition=Established", "crd/meshinstalls.install.mesh.dev", "--timeout=30s");
        return world;
    }

    /// <summary>An operator with its own lease identity and the rights of its service account.</summary>
    public async Task<OperatorWorker> StartOperatorAsync(TimeProvider? time = null)
    {
        var client = _server.Connect(asOperator: true, _log.Scope("kubernetes"));
        var metrics = new OperatorMetrics();
        var options = Options with { Instance = $"operator-{++_instances}" };
        var worker = new OperatorWorker(client, options, metrics, new Readiness(), _log, time ?? TimeProvider.System);
        _operators.Add((worker, metrics, client));
        await worker.StartAsync(_stop.Token);
        return worker;
    }

    public static async Task StopAsync(OperatorWorker worker) => await worker.StopAsync(CancellationToken.None);

    /// <summary>Plays the controllers of Deployments and DaemonSets: everything that exists becomes ready at once.</summary>
    public void RunControllers() => _controllers = RunControllersAsync(_stop.Token);

    public async Task MarkReadyAsync(ResourceType<KubernetesObject> type, string ns, string name)
    {
        if (await Kubernetes.FindAsync(type, new ObjectKey(ns, name), _stop.Token) is not { } found) return;
        var replicas = (int?)found.Spec?["replicas"] ?? 2;
        var status = type.Kind == "Deployment"
            ? new JsonObject
            {
                ["observedGeneration"] = found.Metadata.Generation,
                ["replicas"] = replicas,
                ["updatedReplicas"] = replicas,
                ["readyReplicas"] = replicas,
                ["availableReplicas"] = replicas,
            }
            : new JsonObject
            {
                ["observedGeneration"] = found.Metadata.Generation,
                ["currentNumberScheduled"] = 2,
                ["desiredNumberScheduled"] = 2,
                ["numberMisscheduled"] = 0,
                ["numberReady"] = 2,
                ["updatedNumberScheduled"] = 2,
                ["numberAvailable"] = 2,
            };
        if (Difference.Contains(found.Status, status)) return;
        await Kubernetes.TryPatchAsync(type, found.Metadata.Key, PatchKind.Merge, new JsonObject { ["status"] = status }, WriteOptions.Status, _stop.Token);
    }

    public Task ApplyAsync(string spec, string name = "default") => _server.RunKubectlAsync(
        "apply", "-f", WriteFile($$"""{"apiVersion":"install.mesh.dev/v1alpha1","kind":"MeshInstall","metadata":{"name":"{{name}}"},"spec":{{spec}}}"""));

    public Task<MeshInstall?> FindMeshAsync(string name = "default") =>
        Kubernetes.FindAsync(MeshInstall.Resource, ObjectKey.ClusterScoped(name), _stop.Token);

    public async Task<MeshInstall> UntilAsync(string what, Func<MeshInstall, bool> holds, string name = "default")
    {
        MeshInstall? last = null;
        for (var attempt = 0; attempt < 300; attempt++)
        {
            last = await FindMeshAsync(name);
            if (last is not null && holds(last)) return last;
            await Task.Delay(100);
        }
        Assert.Fail($"not in 30 s: {what}; status {JsonSerializer.Serialize(last?.Status, MeshJson.Default.MeshInstallStatus)}; log:\n{LogText}");
        throw new System.Diagnostics.UnreachableException();
    }

    public Task<MeshInstall> UntilReadyAsync() => UntilAsync("the mesh is ready", IsReady);

    public async Task UntilGoneAsync(string name = "default")
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (await FindMeshAsync(name) is null) return;
            await Task.Delay(100);
        }
        var last = await FindMeshAsync(name);
        Assert.Fail($"still there after 60 s; status {JsonSerializer.Serialize(last?.Status, MeshJson.Default.MeshInstallStatus)}; log:\n{LogText}");
    }

    public static bool IsReady(MeshInstall mesh) =>
        mesh.Status.ObservedGeneration == mesh.Metadata.Generation && mesh.Status.FindCondition("Ready") is { Status: "True" } ready
        && ready.ObservedGeneration == mesh.Metadata.Generation;

    /// <summary>A pod of a component that is on no node: it stays until somebody deletes it.</summary>
    public Task RunPodAsync(string ns, string app, string name) => Kubernetes.CreateAsync(
        KubernetesObject.TypeOf("", "v1", "pods", "Pod", namespaced: true),
        new KubernetesObject(JsonNode.Parse(
            $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}","labels":{"app":"{{{app}}}","app.kubernetes.io/managed-by":"mesh-operator"}},"spec":{"containers":[{"name":"a","image":"a"}]}}""")!.AsObject()),
        _stop.Token);

    public Task<DeleteOutcome> EndPodAsync(string ns, string name) => Kubernetes.DeleteAsync(
        Pod.Resource, new ObjectKey(ns, name), DeleteOptions.Default with { GracePeriod = TimeSpan.Zero }, _stop.Token);

    /// <summary>Lets the server fail such requests: it asks a webhook that nobody answers.</summary>
    public async Task BreakAsync(string operation, string resource)
    {
        await _server.RunKubectlAsync("apply", "-f", WriteFile(
            $$"""
            {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"broken"},"webhooks":[{
              "name":"broken.example.com","admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Fail","timeoutSeconds":1,
              "clientConfig":{"url":"https://127.0.0.1:1/"},
              "rules":[{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["{{operation}}"],"resources":["{{resource}}"]}]}]}
            """));
        await Task.Delay(1500); // The server looks at its webhooks about once a second.
    }

    public Task MendAsync() => _server.RunKubectlAsync("delete", "validatingwebhookconfiguration", "broken");

    /// <summary>What the agents need to take their rules out: their account and both of its bindings.</summary>
    public async Task<string> AgentRightsAsync()
    {
        var left = new List<string>();
        foreach (var (type, key) in new[]
        {
            (WorkloadTypes.ServiceAccounts, new ObjectKey("mesh-node", "mesh-cni")),
            (WorkloadTypes.RoleBindings, new ObjectKey("mesh-node", "mesh-cni")),
            (WorkloadTypes.ClusterRoleBindings, ObjectKey.ClusterScoped("mesh-cni")),
        })
        {
            if (await Kubernetes.FindAsync(type, key, _stop.Token) is { Metadata.IsBeingDeleted: false }) left.Add(type.Kind);
        }
        return string.Join(' ', left);
    }

    /// <summary>Resource versions of everything of ours: equal twice means nobody wrote.</summary>
    public async Task<SortedDictionary<string, string>> VersionsAsync()
    {
        var versions = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (type, which) in WorkloadTypes.Managed(["mesh-system", "mesh-node"]))
        {
            if (await Kubernetes.Discovery.FindAsync(type.Group, type.Kind, _stop.Token) is not { } served) continue;
            foreach (var one in (await Kubernetes.ListAsync(served, which, _stop.Token)).Items) versions[$"{type.Kind} {one.Metadata.Key}"] = one.Metadata.ResourceVersion;
        }
        foreach (var name in new[] { "mesh-system", "mesh-node" })
        {
            var found = await Kubernetes.FindAsync(Namespace.Resource, ObjectKey.ClusterScoped(name), _stop.Token);
            if (found is not null) versions[$"Namespace {name}"] = found.Metadata.ResourceVersion;
        }
        versions["MeshInstall"] = (await FindMeshAsync())?.Metadata.ResourceVersion ?? "";
        return versions;
    }

    public async Task<List<string>> EventReasonsAsync() =>
        [.. (await Kubernetes.ListAsync(Event.Resource, ListOptions.All, _stop.Token)).Items.Select(one => one.Reason ?? "")];

    public async Task DeleteMeshAsync(string name = "default")
    {
        await Kubernetes.DeleteAsync(MeshInstall.Resource, ObjectKey.ClusterScoped(name), DeleteOptions.Default, _stop.Token);
        await UntilGoneAsync(name);
    }

    public async ValueTask DisposeAsync()
    {
        if (await FindMeshAsync() is { } left)
        {
            if (_operators.TrueForAll(one => one.Worker.ExecuteTask is { IsCompleted: true })) await StartOperatorAsync();
            if (!left.Metadata.IsBeingDeleted) await DeleteMeshAsync();
            await UntilGoneAsync();
        }
        foreach (var (worker, metrics, client) in _operators)
        {
            await worker.StopAsync(CancellationToken.None);
            worker.Dispose();
            metrics.Dispose();
            client.Dispose();
        }
        await _stop.CancelAsync();
        await _controllers;
        _log.Dispose();
        Kubernetes.Dispose();
        _stop.Dispose();
    }

    private async Task RunControllersAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                foreach (var (type, ns, name) in Workloads) await MarkReadyAsync(type, ns, name);
                await Task.Delay(100, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private string WriteFile(string text)
    {
        var file = Path.Combine(Path.GetDirectoryName(_server.Kubeconfig)!, $"mesh-{Guid.NewGuid():n}.json");
        File.WriteAllText(file, text);
        return file;
    }
}
