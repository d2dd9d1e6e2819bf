using Mesh.Inpod;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>The agent as ZDS sees it.</summary>
internal sealed class AgentOfPods(PodTable table, CniMetrics metrics, ILogger log) : IInpodAgent
{
    public IReadOnlyList<InpodPod> TakeSnapshot() => table.Published();

    public void OnConnectionsChanged(int live, string? lost)
    {
        metrics.ZtunnelConnected.Set(live);
        if (lost is null) log.LogInformation("a ztunnel connected; now {Live}", live);
        else log.LogWarning("a ztunnel is gone: {Why}; now {Live}", lost, live);
    }

    public void OnSnapshotRefused(string uid, string error)
    {
        metrics.ZdsAnswers.With("Refused").Increment();
        table.NoteRefused(uid);
        log.LogWarning("ztunnel refused pod {Uid}: {Problem}", uid, error);
    }
}
