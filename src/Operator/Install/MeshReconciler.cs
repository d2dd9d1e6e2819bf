using Mesh.Kubernetes;
using Mesh.Kubernetes.Reconciling;
using Mesh.Kubernetes.Watching;
using Mesh.Operator.Api;
using Mesh.Operator.Rendering;
using Mesh.Operator.Rules;
using Mesh.Operator.Status;

namespace Mesh.Operator.Install;

/// <summary>Read, check, apply, report. Running it twice changes nothing. One call at a time for the one object there is.</summary>
internal sealed class MeshReconciler(
    Lister<MeshInstall> meshes,
    MeshRules rules,
    MeshRenderer renderer,
    FactsSource facts,
    MeshInstaller installer,
    StatusWriter statuses,
    MeshEvents events,
    ChildWatch children,
    OperatorMetrics metrics,
    OperatorDefaults defaults,
    TimeProvider time) : IReconciler
{
    private static readonly TimeSpan s_rolling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(100);

    /// <summary>A right that was just granted needs a moment to arrive at every API server; then it is missing.</summary>
    private static readonly TimeSpan s_rightsArrive = TimeSpan.FromSeconds(20);

    /// <summary>A server that does not answer for a moment is not news for a mesh that is ready.</summary>
    private static readonly TimeSpan s_hiccup = TimeSpan.FromSeconds(10);

    private DateTimeOffset? _forbiddenSince;
    private DateTimeOffset? _failingSince;

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken stop)
    {
        if (meshes.Find(key) is not { } mesh || mesh.Metadata.IsBeingDeleted) return ReconcileResult.Done;
        var began = time.GetTimestamp();
        ReconcileResult result;
        try
        {
            result = await ReconcileAsync(mesh, stop);
        }
        catch (ApiException fault)
        {
            result = ReconcileResult.Failed(fault.Message); // Not even the status could be written.
        }
        metrics.Reconciled(ResultName(result), time.GetElapsedTime(began));
        return result;
    }

    private static string ResultName(ReconcileResult result) => result switch
    {
        ReconcileResult.Finished => "done",
        ReconcileResult.Again => "again",
        _ => "failed",
    };

    private async Task<ReconcileResult> ReconcileAsync(MeshInstall mesh, CancellationToken stop)
    {
        var input = new StatusInput { Mesh = mesh, Now = time.GetUtcNow(), OperatorVersion = OperatorOptions.ProgramVersion.ToString() };
        try
        {
            var (version, problems) = rules.Check(mesh);
            if (version is null) return await StandStillAsync(input with { Problems = problems }, stop);
            input = input with { Target = version.ToString() };
            if (mesh.Spec.Suspend) return await StandStillAsync(input, stop);
            return await InstallAsync(input, version, stop);
        }
        catch (ApiException fault) when (fault.Reason is ApiErrorReason.Invalid or ApiErrorReason.BadRequest)
        {
            // Fields we hand on as they are (affinity, tolerations) are checked by the server only.
            var problem = new MeshProblem("spec", $"the API server refuses what it says: {fault.Message}; correct the field that it names");
            return await StandStillAsync(input with { Problems = [problem] }, stop);
        }
        catch (ApiException fault) when (fault.Reason == ApiErrorReason.Forbidden)
        {
            return await ForbiddenAsync(input, Obstacle.Of(fault), stop);
        }
        catch (ApiException fault)
        {
            return await FailedAsync(input, fault, stop);
        }
    }

    private async Task<ReconcileResult> InstallAsync(StatusInput input, Version version, CancellationToken stop)
    {
        var (mesh, spec) = (input.Mesh, input.Mesh.Spec);
        string[] namespaces = [spec.Namespace, spec.NodeNamespace];
        var plan = new MeshPlan(mesh, version, await facts.ReadAsync(namespaces, stop), defaults);
        var objects = renderer.Render(plan);
        var inventory = new InventoryStatus { Objects = objects.Count, Digest = MeshRenderer.DigestOf(objects) };
        var isSettled = mesh.Status.CurrentVersion == input.Target && mesh.Status.Inventory?.Digest == inventory.Digest
            && mesh.Status.FindCondition(ConditionTypes.Reconciling) is null;
        // What is immutable is written down before the first act depends on it.
        input = input with { Resolved = plan.Resolved(), Inventory = inventory };
        if (mesh.Status.Resolved is null)
        {
            await statuses.WriteAsync(mesh, input with { WaitingFor = "the namespaces" }, stop);
            return ReconcileResult.After(s_soon);
        }
        var outcome = await installer.RunAsync(objects, spec.DriftPolicy, isSettled, stop);
        (_forbiddenSince, _failingSince) = (null, null);
        await children.WatchAsync(namespaces);
        if (outcome.IsComplete)
        {
            outcome = outcome with { WaitingFor = await installer.PruneAsync(mesh.Metadata.Uid, objects, namespaces, stop) };
        }
        if (outcome.Corrected.Count > 0)
        {
            var names = string.Join(", ", outcome.Corrected.Select(one => one.Object.ToString()));
            await events.PublishAsync(mesh, new(IsWarning: false, "DriftCorrected", $"put back what somebody had edited: {names}"), stop);
        }
        await statuses.WriteAsync(mesh, input with
        {
            Components = outcome.Components,
            WaitingFor = outcome.WaitingFor,
            Drifted = spec.DriftPolicy == "Warn" ? outcome.Drifted : 0,
            Inventory = inventory with { Drifted = outcome.Drifted },
        }, stop);
        return outcome.IsComplete ? ReconcileResult.Done : ReconcileResult.After(s_rolling);
    }

    // Nothing may be changed: what runs is looked at and reported.
    private async Task<ReconcileResult> StandStillAsync(StatusInput input, CancellationToken stop)
    {
        IReadOnlyList<ComponentState> components = [];
        if (input.Mesh.Metadata.Name == MeshInstall.SingletonName && input.Mesh.Status.Resolved is { Namespace: { } mesh, NodeNamespace: { } node })
        {
            components = await installer.ObserveAsync(mesh, node, stop);
            await children.WatchAsync([mesh, node]);
        }
        _failingSince = null;
        await statuses.WriteAsync(input.Mesh, input with { Components = components }, stop);
        return ReconcileResult.Done; // A retry cannot help; the user's edit will wake us.
    }

    private async Task<ReconcileResult> ForbiddenAsync(StatusInput input, Obstacle obstacle, CancellationToken stop)
    {
        _forbiddenSince ??= input.Now;
        var mayCome = obstacle.IsMissingRight && input.Now - _forbiddenSince <= s_rightsArrive;
        await statuses.WriteAsync(input.Mesh, mayCome
            ? input with { IsBlind = true, WaitingFor = "rights that were just granted" }
            : input with { IsBlind = true, Obstacle = obstacle }, stop);
        return mayCome ? ReconcileResult.After(TimeSpan.FromSeconds(1)) : ReconcileResult.Failed(obstacle.Message);
    }

    // Tried again all the same; but who looks at the status has to see why nothing moves.
    private async Task<ReconcileResult> FailedAsync(StatusInput input, ApiException fault, CancellationToken stop)
    {
        _failingSince ??= input.Now;
        var ready = input.Mesh.Status.FindCondition(ConditionTypes.Ready);
        var isReady = ready is { Status: "True" } && ready.ObservedGeneration == input.Mesh.Metadata.Generation;
        // Another writer was first: an everyday matter that the next pass settles.
        var isEveryday = fault.Reason is ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists;
        var isHiccup = (isEveryday || (fault.Error.IsTransient && isReady)) && input.Now - _failingSince <= s_hiccup;
        if (!isHiccup) await statuses.WriteAsync(input.Mesh, input with { IsBlind = true, WaitingFor = fault.Message }, stop);
        return ReconcileResult.Failed(fault.Message);
    }
}
