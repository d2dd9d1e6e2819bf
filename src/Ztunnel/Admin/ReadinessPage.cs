using Mesh.Daemon;
using Mesh.Daemon.Admin;

namespace Mesh.Ztunnel.Admin;

/// <summary>The <c>/healthz/ready</c> page: nothing is pending, and every worker answers. Thread pool.</summary>
internal static class ReadinessPage
{
    private const int PendingStatus = 500;
    private const int SilentStatus = 503;

    public static async ValueTask<AdminResponse> AnswerAsync(Readiness readiness, WorkerPulse pulse)
    {
        if (!readiness.IsReady) return AdminResponse.Text($"{readiness.Describe()}\n", PendingStatus);
        return await pulse.FindSilentAsync() is { } silent
            ? AdminResponse.Text($"not ready, worker {silent} does not answer\n", SilentStatus)
            : AdminResponse.Text("ready\n");
    }
}
