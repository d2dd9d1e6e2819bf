using Mesh.Model.Decisions;
using Mesh.Model.Policy;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Inbound;

/// <summary>
/// What policy says about one connection: at its start, once more when it is ready to carry bytes, and whenever the policies or the
/// workload changed. Loop thread only.
/// </summary>
internal sealed class PolicyWatch(LiveConnection connection, AuthorizationContext about)
{
    private PolicyIndex? _policies;
    private MeshWorkload? _workload;
    private long _undecidedSince;

    /// <summary>
    /// What stands against the connection at its start; null when it may go on. While a policy that applies has not come, it is waited for,
    /// and then the answer is no.
    /// </summary>
    public async ValueTask<string?> FindObjectionAsync(LocalPod local)
    {
        var context = connection.Worker.Context;
        var loop = connection.Worker.Loop;
        if (PassedBy(local.Mesh, local.Workload!) is { } objection) return objection;
        var deadline = loop.NowMilliseconds + (long)context.Options.WorkloadWait.TotalMilliseconds;
        while (true)
        {
            var changed = context.Mesh.NextChange;
            var now = connection.Lane.Pod.Local;
            var outcome = Ask(now.Mesh, now.Workload ?? local.Workload!, context.Options.UnknownPolicy);
            var left = deadline - loop.NowMilliseconds;
            if (outcome.Verdict != Verdict.Undecided || left <= 0)
            {
                context.AccessLog.Judged(connection, outcome);
                return outcome.IsAllowed ? null : $"connection closed due to policy rejection: {outcome.Explain()}";
            }

            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromMilliseconds(left), loop.Time));
        }
    }

    /// <summary>
    /// Asks again if anything that could matter changed since the last time. A policy that is still to come does not end what was allowed
    /// before, until it is overdue: <see cref="IsOverdue"/>.
    /// </summary>
    public bool IsDenied(MeshSnapshot mesh)
    {
        var workload = connection.Lane.Pod.Local.Workload;
        if (workload is null) return false;
        if (PassedBy(mesh, workload) is not null) return true;
        if (ReferenceEquals(mesh.Policies, _policies) && ReferenceEquals(workload, _workload)) return false;
        var outcome = Ask(mesh, workload, connection.Worker.Context.Options.UnknownPolicy);
        if (outcome.Verdict != Verdict.Undecided) _undecidedSince = 0;
        else if (_undecidedSince == 0) _undecidedSince = connection.Worker.Loop.NowMilliseconds; // Later pushes do not begin it anew.
        return IsNo(outcome);
    }

    /// <summary>A policy that the workload names has not come for as long as one is waited for, and those there are do not allow the connection.</summary>
    public bool IsOverdue()
    {
        var worker = connection.Worker;
        if (_undecidedSince == 0 || worker.Loop.NowMilliseconds - _undecidedSince < worker.Context.Options.WorkloadWait.TotalMilliseconds) return false;
        _undecidedSince = 0;
        return connection.Lane.Pod.Local is { Workload: { } workload } local && IsNo(Ask(local.Mesh, workload, UnknownPolicy.Skip));
    }

    /// <summary>Which waypoint it should have come through, where the operator wants that; null when it did, or need not.</summary>
    private string? PassedBy(MeshSnapshot mesh, MeshWorkload workload) =>
        connection.Worker.Context.Options.RequiresWaypoint ? WaypointCheck.FindObjection(mesh, workload, about.Port, about.Identity) : null;

    private bool IsNo(AuthorizationOutcome outcome)
    {
        if (outcome.Verdict is Verdict.Allowed or Verdict.Undecided) return false;
        connection.Worker.Context.AccessLog.Judged(connection, outcome);
        return true;
    }

    private AuthorizationOutcome Ask(MeshSnapshot mesh, MeshWorkload workload, UnknownPolicy unknown)
    {
        (_policies, _workload) = (mesh.Policies, workload);
        return mesh.Policies.Authorize(workload.Namespace, workload.Shape.AuthorizationPolicies, about, unknown);
    }
}
