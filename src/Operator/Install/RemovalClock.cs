using System.Globalization;
using Mesh.Operator.Api;
using Mesh.Operator.Status;

namespace Mesh.Operator.Install;

/// <summary>
/// How long each step of a removal is waited for, from the first pass that found it unfinished: that pass writes the step and its time
/// into the condition Removing, so neither an operator that was away nor a deletion of long ago makes a wait shorter. Pure, for one pass.
/// </summary>
internal sealed class RemovalClock(MeshInstall mesh, DateTimeOffset now)
{
    public const string Agents = "Agents";
    public const string Proxies = "Proxies";
    public const string ControlPlane = "ControlPlane";
    public const string Accounts = "Accounts";
    public const string Namespaces = "Namespaces";

    /// <summary>In their order. A dead node must not hold a mesh for ever, but an agent that ends needs its time.</summary>
    private static readonly (string Step, TimeSpan Limit)[] s_steps =
    [
        (Agents, TimeSpan.FromSeconds(75)),
        (Proxies, TimeSpan.FromSeconds(40)),
        (ControlPlane, TimeSpan.FromSeconds(35)),
        (Accounts, TimeSpan.FromSeconds(60)),
        (Namespaces, TimeSpan.FromSeconds(20)),
    ];

    private readonly MeshCondition? _written = mesh.Status.FindCondition(ConditionTypes.Removing);

    /// <summary>Whether an unfinished step is still waited for. One that a later step has followed already is not.</summary>
    public bool IsWaitedFor(string step)
    {
        var (at, reached) = (IndexOf(step), _written is null ? -1 : IndexOf(_written.Reason));
        if (reached != at) return reached < at;
        var isTime = DateTimeOffset.TryParse(_written!.LastTransitionTime, CultureInfo.InvariantCulture, out var since);
        return !isTime || now - since < s_steps[at].Limit;
    }

    /// <summary>This very pass ends the wait, so it is news.</summary>
    public bool IsJustOver(string step) => _written?.Reason == step && !IsWaitedFor(step);

    private static int IndexOf(string step) => Array.FindIndex(s_steps, one => one.Step == step);
}
