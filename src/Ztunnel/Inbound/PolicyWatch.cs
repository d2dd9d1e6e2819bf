using Mesh.Model.Decisions;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Inbound;

/// <summary>What policy says about one connection: at its start, and again when the policies or the workload changed.</summary>
internal struct PolicyWatch(AuthorizationContext about)
{
    private PolicyIndex? _policies;
    private MeshWorkload? _workload;

    /// <summary>The verdict; while a policy that applies has not come, it is waited for, and then the answer is no.</summary>
    public readonly async ValueTask<AuthorizationOutcome> JudgeAsync(PodProxy pod, LiveConnection connection)
    {
        var context = connection.Worker.Context;
        var loop = connection.Worker.Loop;
        var deadline = loop.NowMilliseconds + (long)context.Options.WorkloadWait.TotalMilliseconds;
        while (true)
        {
            var changed = context.Mesh.NextChange;
            var local = pod.Local;
            var outcome = Ask(local.Mesh, local.Workload ?? connection.DestinationWorkload!, context.Options.UnknownPolicy);
            var left = deadline - loop.NowMilliseconds;
            if (outcome.Verdict != Verdict.Undecided || left <= 0)
            {
                context.AccessLog.Judged(connection, outcome);
                return outcome;
            }

            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromMilliseconds(left), loop.Time));
        }
    }

    /// <summary>What stands against a connection that did not come through the waypoint, where the operator wants that; null otherwise.</summary>
    public readonly string? FindObjection(MeshSnapshot mesh, MeshWorkload workload, LiveConnection connection) =>
        connection.Worker.Context.Options.RequiresWaypoint ? WaypointCheck.FindObjection(mesh, workload, about.Port, about.Identity) : null;

    /// <summary>Asks again if anything that could matter changed. A policy that is still to come does not end what was allowed before.</summary>
    public bool IsDenied(MeshSnapshot mesh, LiveConnection connection)
    {
        var workload = connection.Lane.Pod.Local.Workload;
        if (workload is null) return false;
        if (FindObjection(mesh, workload, connection) is not null) return true;
        if (ReferenceEquals(mesh.Policies, _policies) && ReferenceEquals(workload, _workload)) return false;
        (_policies, _workload) = (mesh.Policies, workload);
        var outcome = Ask(mesh, workload, connection.Worker.Context.Options.UnknownPolicy);
        if (outcome.Verdict is Verdict.Allowed or Verdict.Undecided) return false;
        connection.Worker.Context.AccessLog.Judged(connection, outcome);
        return true;
    }

    private readonly AuthorizationOutcome Ask(MeshSnapshot mesh, MeshWorkload workload, UnknownPolicy unknown) =>
        mesh.Policies.Authorize(workload.Namespace, workload.Shape.AuthorizationPolicies, about, unknown);
}
