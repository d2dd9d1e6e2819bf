using Mesh.Cni.Install;
using Mesh.Cni.Plugin;
using Mesh.Daemon;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>Keeps the plugin installed against whoever rewrites the folder, and its hints true. One loop.</summary>
internal sealed class InstallLoop(HostInstall install, PodFacts facts, ReadinessTask ready, CniMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>A look costs two calls of statx and reading one small folder; a rival that writes more often gets no quicker answer.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private const int RivalRounds = 5;

    public async Task RunAsync(CancellationToken stop)
    {
        var said = string.Empty;
        var unwritten = string.Empty;
        var again = 0;
        while (true)
        {
            var outcome = install.Ensure();
            if (outcome is InstallOutcome.Installed or InstallOutcome.Unchanged)
            {
                var problem = install.TryWriteHints(new PluginHints(facts.PlainNamespaces(), IsUninstalled: false));
                if (problem != unwritten && problem.Length > 0) log.LogWarning("the plugin's hints cannot be written: {Problem}", problem);
                unwritten = problem;
                ready.Done(); // And it stays so: a repair is no reason to look unready.
                metrics.InstallReady.Set(1);
            }

            Count(outcome);
            again = outcome == InstallOutcome.Installed ? again + 1 : 0;
            if (again == RivalRounds) log.LogWarning("somebody keeps rewriting the network configuration; with Cilium, set cni.exclusive=false");
            if (install.Problem != said)
            {
                said = install.Problem;
                if (said.Length > 0) log.LogWarning("the plugin is not installed: {Problem}", said);
            }

            await Task.Delay(Interval, time, stop);
        }
    }

    private void Count(InstallOutcome outcome)
    {
        switch (outcome)
        {
            case InstallOutcome.Installed:
                metrics.Installs.With("SUCCESS").Increment();
                log.LogInformation("the plugin is installed");
                break;
            case InstallOutcome.CopyFailed:
                metrics.Installs.With("COPY_BINARIES_FAILURE").Increment();
                break;
            case InstallOutcome.ConfigFailed or InstallOutcome.NoConfig:
                metrics.Installs.With("CREATE_CNI_CONFIG_FAILURE").Increment();
                break;
            case InstallOutcome.Unchanged:
                break;
        }
    }
}
