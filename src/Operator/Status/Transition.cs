using Mesh.Operator.Api;

namespace Mesh.Operator.Status;

/// <summary>What changed between two statuses that a person would want to be told as an Event. Pure.</summary>
internal sealed record Transition(bool IsWarning, string Reason, string Note)
{
    public static IEnumerable<Transition> Between(MeshInstallStatus before, MeshInstallStatus after)
    {
        if (after.Phase != before.Phase && PhaseChange(before, after) is { } phase) yield return phase;
        if (Became(before, after, ConditionTypes.SpecValid, "False") is { } invalid) yield return new(true, "SpecInvalid", invalid.Message);
        if (Became(before, after, ConditionTypes.Stalled, "True") is { Reason: not "InvalidSpec" } stalled)
        {
            yield return new(true, stalled.Reason, stalled.Message);
        }
        foreach (var condition in after.Conditions ?? [])
        {
            if (condition.Type == ConditionTypes.Ready || condition.Reason != "ImagePullFailed") continue;
            if (before.FindCondition(condition.Type)?.Reason != condition.Reason) yield return new(true, condition.Reason, condition.Message);
        }
    }

    private static Transition? PhaseChange(MeshInstallStatus before, MeshInstallStatus after) => after.Phase switch
    {
        "Installing" when before.Phase is null => new(false, "InstallStarted", $"installing version {after.TargetVersion}"),
        "Upgrading" => new(false, "UpgradeStarted", $"upgrading from {after.CurrentVersion} to {after.TargetVersion}"),
        "Ready" when before.CurrentVersion is null => new(false, "InstallCompleted", $"version {after.CurrentVersion} runs"),
        "Ready" when before.CurrentVersion != after.CurrentVersion => new(false, "UpgradeCompleted", $"version {after.CurrentVersion} runs"),
        "Degraded" => new(true, "Degraded", after.FindCondition(ConditionTypes.Ready)?.Message ?? ""),
        "Paused" => new(false, "Paused", "spec.suspend is true: nothing is changed until it is false"),
        "Deleting" => new(false, "Deleting", "removing the mesh: enrolled pods first, then ztunnel, then the control plane"),
        _ => null,
    };

    private static MeshCondition? Became(MeshInstallStatus before, MeshInstallStatus after, string type, string status)
    {
        var now = after.FindCondition(type);
        if (now?.Status != status) return null;
        var then = before.FindCondition(type);
        return then?.Status == status && then.Message == now.Message ? null : now;
    }
}
