using System.Globalization;
using Mesh.Operator.Api;

namespace Mesh.Operator.Status;

/// <summary>
/// Builds the conditions of one status: the generation on each, and the time of the last change kept while the status stays.
/// </summary>
internal sealed class ConditionList(MeshInstall mesh, DateTimeOffset now)
{
    private const int MessageCharactersMax = 4096;

    public List<MeshCondition> Conditions { get; } = [];

    public void True(string type, string reason, string message) => Add(type, "True", reason, message);

    public void False(string type, string reason, string message) => Add(type, "False", reason, message);

    /// <summary>As it was said before, of the generation it was said of.</summary>
    public void Keep(MeshCondition said) => Conditions.Add(said);

    /// <summary>One of two conditions has stood for so long, for this generation.</summary>
    public bool IsLongerThan(string type, string orStalled, TimeSpan limit)
    {
        var before = mesh.Status.FindCondition(type);
        if (before is null)
        {
            // Once the deadline has passed, Stalled stands in its place until something moves.
            var stalled = mesh.Status.FindCondition(orStalled);
            return stalled is { Reason: "ProgressDeadlineExceeded" } && stalled.ObservedGeneration == mesh.Metadata.Generation;
        }
        return before.ObservedGeneration == mesh.Metadata.Generation
            && DateTimeOffset.TryParse(before.LastTransitionTime, CultureInfo.InvariantCulture, out var since)
            && now - since > limit;
    }

    // An edit of the spec is new work with a deadline of its own, and so is each step of a removal.
    private bool StartsAgain(string type, string reason, MeshCondition before) => type switch
    {
        ConditionTypes.Reconciling => before.ObservedGeneration != mesh.Metadata.Generation,
        ConditionTypes.Removing => before.Reason != reason,
        _ => false,
    };

    private void Add(string type, string status, string reason, string message)
    {
        var before = mesh.Status.FindCondition(type);
        var text = message.Length <= MessageCharactersMax ? message : message[..MessageCharactersMax] + "…";
        Conditions.Add(new MeshCondition
        {
            Type = type,
            Status = status,
            ObservedGeneration = mesh.Metadata.Generation,
            LastTransitionTime = before is not null && before.Status == status && !StartsAgain(type, reason, before)
                ? before.LastTransitionTime
                : now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            Reason = reason,
            Message = text,
        });
    }
}
