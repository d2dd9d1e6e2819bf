using Mesh.Kubernetes;
using Mesh.Kubernetes.Reconciling;
using Mesh.Operator.Api;
using Mesh.Operator.Status;
using Microsoft.Extensions.Logging;

namespace Mesh.Operator.Install;

/// <summary>
/// Takes a mesh out of a cluster as its deletion policy says, and only then lets the object go. Every step may run twice.
/// </summary>
internal sealed class MeshFinalizer(
    MeshRemoval removal, MeshEvents events, StatusWriter statuses, ChildWatch children, TimeProvider time, ILogger log)
    : IFinalizer<MeshInstall>
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    public string Name => "install.mesh.dev/uninstall";

    public async Task<ReconcileResult> FinalizeAsync(MeshInstall value, CancellationToken stop)
    {
        if (value.Metadata.Name != MeshInstall.SingletonName) return ReconcileResult.Done; // It never made anything.
        try
        {
            var step = value.Spec.DeletionPolicy switch
            {
                "Orphan" => await removal.OrphanAsync(value, keepControlPlane: true, stop),
                "OrphanDataPlane" => await removal.OrphanAsync(value, keepControlPlane: false, stop),
                _ => await removal.RemoveAsync(value, new RemovalClock(value, time.GetUtcNow()), stop),
            };
            if (step.Forced is { } forced) await events.PublishAsync(value, new(IsWarning: true, "ForceCleanup", forced), stop);
            if (step.WaitingFor is null)
            {
                await children.EndAsync();
                log.LogInformation("MeshInstall/{Name} is removed", value.Metadata.Name);
                return ReconcileResult.Done;
            }
            await statuses.WriteAsync(value, new StatusInput
            {
                Mesh = value,
                Now = time.GetUtcNow(),
                OperatorVersion = OperatorOptions.ProgramVersion.ToString(),
                Components = step.Components,
                WaitingFor = step.WaitingFor,
                IsDeleting = true,
                RemovalStep = step.Step,
            }, stop);
            return ReconcileResult.After(s_again);
        }
        catch (ApiException fault)
        {
            await TellAsync(value, fault, stop);
            return ReconcileResult.Failed(fault.Message);
        }
    }

    // Who waits for the removal has to see what holds it up.
    private async Task TellAsync(MeshInstall value, ApiException fault, CancellationToken stop)
    {
        try
        {
            await statuses.WriteAsync(value, new StatusInput
            {
                Mesh = value,
                Now = time.GetUtcNow(),
                OperatorVersion = OperatorOptions.ProgramVersion.ToString(),
                WaitingFor = fault.Reason == ApiErrorReason.Forbidden ? Obstacle.Of(fault).Message : fault.Message,
                IsDeleting = true,
                IsBlind = true,
                RemovalStep = value.Status.FindCondition(ConditionTypes.Removing)?.Reason,
            }, stop);
        }
        catch (ApiException silent)
        {
            log.LogWarning("the status of MeshInstall/{Name} cannot be written either: {Problem}", value.Metadata.Name, silent.Message);
        }
    }
}
