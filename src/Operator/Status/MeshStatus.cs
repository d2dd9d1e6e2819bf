using Mesh.Operator.Api;

namespace Mesh.Operator.Status;

/// <summary>
/// What was found in, the status out. Follows kstatus: Reconciling while there is work under way, Stalled while only a person can help,
/// never both, and Ready=True only for the generation it names. Pure.
/// </summary>
internal static class MeshStatus
{
    /// <summary>Work that takes longer is reported as stalled, and goes on all the same.</summary>
    public static readonly TimeSpan ProgressDeadline = TimeSpan.FromMinutes(15);

    private static readonly (string Component, string Condition, string NotReady)[] s_components =
    [
        ("control-plane", ConditionTypes.ControlPlaneReady, "ControlPlaneNotReady"),
        ("cni", ConditionTypes.CniReady, "CNINotReady"),
        ("ztunnel", ConditionTypes.ZtunnelReady, "ZTunnelNotReady"),
    ];

    public static MeshInstallStatus From(StatusInput input)
    {
        var before = input.Mesh.Status;
        var isValid = input.Problems.Count == 0;
        var isPaused = input.Mesh.Spec.Suspend && isValid && !input.IsDeleting;
        var isDone = isValid && !isPaused && !input.IsDeleting && input.WaitingFor is null && input.Obstacle is null;
        return before with
        {
            ObservedGeneration = input.Mesh.Metadata.Generation,
            OperatorVersion = input.OperatorVersion,
            Phase = PhaseOf(input, isValid, isPaused, isDone),
            CurrentVersion = isDone ? input.Target : before.CurrentVersion,
            TargetVersion = input.Target ?? before.TargetVersion,
            Conditions = Conditions(input, isValid, isPaused, isDone),
            Components = input.IsBlind ? before.Components : [.. input.Components.Select(state => state.Rollout.ToStatus(state.Failure?.Message))],
            Resolved = input.Resolved ?? before.Resolved,
            Inventory = input.Inventory ?? before.Inventory,
        };
    }

    private static string PhaseOf(StatusInput input, bool isValid, bool isPaused, bool isDone)
    {
        if (input.IsDeleting) return "Deleting";
        if (!isValid || input.Obstacle is not null) return "Failed";
        if (isPaused) return "Paused";
        if (isDone) return "Ready";
        var current = input.Mesh.Status.CurrentVersion;
        if (current is null) return "Installing";
        if (current != input.Target) return "Upgrading";
        return !input.IsBlind && input.Components.All(state => state.Rollout.Available >= state.Rollout.Desired) ? "Installing" : "Degraded";
    }

    private static List<MeshCondition> Conditions(StatusInput input, bool isValid, bool isPaused, bool isDone)
    {
        var list = new ConditionList(input.Mesh, input.Now);
        Readiness(list, input, isValid, isPaused, isDone);
        if (!isDone) Activity(list, input, isValid, isPaused);
        if (isValid) list.True(ConditionTypes.SpecValid, "Valid", "the spec is valid");
        else list.False(ConditionTypes.SpecValid, "InvalidValue", ProblemText(input));
        foreach (var (component, condition, _) in s_components) Component(list, input, component, condition);
        if (isPaused) list.True(ConditionTypes.Paused, "SpecSuspend", "spec.suspend is true: nothing is changed until it is false");
        if (input.Drifted > 0)
        {
            list.True(ConditionTypes.Drifted, "FieldsChanged",
                $"{input.Drifted} objects were edited and spec.driftPolicy is {input.Mesh.Spec.DriftPolicy}; set it to Correct to put them back");
        }
        if (input.RemovalStep is { } step) list.True(ConditionTypes.Removing, step, input.WaitingFor ?? "removing the mesh");
        return list.Conditions;
    }

    private static void Readiness(ConditionList list, StatusInput input, bool isValid, bool isPaused, bool isDone)
    {
        if (isDone) list.True(ConditionTypes.Ready, "AllComponentsReady", $"version {input.Target} runs");
        else if (input.IsDeleting) list.False(ConditionTypes.Ready, "Deleting", input.WaitingFor ?? "the mesh is being removed");
        else if (!isValid) list.False(ConditionTypes.Ready, "InvalidSpec", $"what ran goes on running; {ProblemText(input)}");
        else if (input.Obstacle is { } obstacle) list.False(ConditionTypes.Ready, obstacle.Reason, obstacle.Message);
        else if (isPaused) PausedReadiness(list, input);
        else list.False(ConditionTypes.Ready, NotReadyReason(input), input.WaitingFor ?? "components are not ready");
    }

    private static void PausedReadiness(ConditionList list, StatusInput input)
    {
        var runs = input.Mesh.Status.CurrentVersion is not null && input.Components.Count > 0
            && input.Components.All(state => state.Rollout.IsComplete);
        if (runs) list.True(ConditionTypes.Ready, "AllComponentsReady", $"version {input.Mesh.Status.CurrentVersion} runs; changes are paused");
        else list.False(ConditionTypes.Ready, "Paused", "spec.suspend is true while components are not ready");
    }

    private static string NotReadyReason(StatusInput input)
    {
        if (input.IsBlind) return "ApiRequestFailed";
        if (input.Components.Any(state => state.Failure is { IsImage: true })) return "ImagePullFailed";
        foreach (var (component, _, reason) in s_components)
        {
            if (input.Components.Any(state => state.Rollout.Component == component && !state.Rollout.IsComplete)) return reason;
        }
        return "Installing";
    }

    private static void Activity(ConditionList list, StatusInput input, bool isValid, bool isPaused)
    {
        if (!isValid) list.True(ConditionTypes.Stalled, "InvalidSpec", ProblemText(input));
        else if (input.Obstacle is { } obstacle) list.True(ConditionTypes.Stalled, obstacle.Reason, obstacle.Message);
        else if (!isPaused) Progress(list, input);
    }

    private static void Progress(ConditionList list, StatusInput input)
    {
        var message = input.WaitingFor ?? "removing the mesh";
        if (!input.IsDeleting && list.IsLongerThan(ConditionTypes.Reconciling, ConditionTypes.Stalled, ProgressDeadline))
        {
            list.True(ConditionTypes.Stalled, "ProgressDeadlineExceeded",
                $"not done within {ProgressDeadline.TotalMinutes:0} minutes, still trying: {message}");
            return;
        }
        var current = input.Mesh.Status.CurrentVersion;
        var reason = input.IsDeleting ? "Deleting" : current is null ? "Installing" : current != input.Target ? "Upgrading" : "RollingOut";
        list.True(ConditionTypes.Reconciling, reason, message);
    }

    private static void Component(ConditionList list, StatusInput input, string component, string condition)
    {
        if (input.IsBlind)
        {
            if (input.Mesh.Status.FindCondition(condition) is { } said) list.Keep(said);
            return;
        }
        var state = input.Components.FirstOrDefault(one => one.Rollout.Component == component);
        if (state is null)
        {
            if (component == "cni" && !input.Mesh.Spec.Cni.Enabled) return; // Somebody else's to report.
            list.False(condition, "NotFound", "not installed yet");
            return;
        }
        var rollout = state.Rollout;
        var counts = $"{rollout.Updated} of {rollout.Desired} pods updated, {rollout.Available} available";
        if (rollout.IsComplete) list.True(condition, "RolloutComplete", $"{rollout.Available} of {rollout.Desired} pods available");
        else if (state.Failure is { } failure) list.False(condition, failure.IsImage ? "ImagePullFailed" : "PodsNotReady", failure.Message);
        else list.False(condition, rollout.Updated < rollout.Desired ? "RolloutInProgress" : "PodsNotReady", counts);
    }

    private static string ProblemText(StatusInput input) => string.Join("; ", input.Problems);
}
