using Mesh.Kubernetes;
using Mesh.Kubernetes.Events;

namespace Mesh.ControlPlane.Publish;

/// <summary>
/// Tells authors, by an Event on the object, when a policy is not enforced as they wrote it. Runs on the leader alone; a new leader
/// tells all of them once more.
/// </summary>
internal sealed class PolicyEvents(EventRecorder events, MeshState state)
{
    public async Task RunAsync(CancellationToken stop)
    {
        var told = new Dictionary<(string Kind, ObjectKey Key), (string Uid, string Text)>();
        try
        {
            while (true)
            {
                var found = state.Findings();
                var still = new HashSet<(string, ObjectKey)>(found.Count);
                foreach (var finding in found)
                {
                    var key = (finding.Type.Kind, finding.Key);
                    var now = (finding.About.Metadata.Uid, finding.Text);
                    still.Add(key);
                    if (told.TryGetValue(key, out var before) && before == now) continue;
                    var reason = finding.IsMalformed ? "Malformed" : "UnsupportedValue";
                    await events.RecordAsync(finding.Type, finding.About, EventKind.Warning, reason, "Translate", finding.Text, stop);
                    told[key] = now;
                }
                foreach (var key in told.Keys.Where(key => !still.Contains(key)).ToList()) told.Remove(key);
                await state.WaitForFindingsAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop, or the lease went to another.
        }
    }
}
