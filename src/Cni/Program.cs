using Mesh.Cni;
using Mesh.Cni.Agent;
using Mesh.Cni.Install;
using Mesh.Cni.Plugin;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Kubernetes;
using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Microsoft.Extensions.Logging;

// The runtime calls us as a plugin thousands of times for each time we start as an agent: nothing of the agent may cost it anything.
if (Environment.GetEnvironmentVariable("CNI_COMMAND") is { Length: > 0 })
{
    using var input = Console.OpenStandardInput();
    return new PluginCommand(Environment.GetEnvironmentVariable, input, Console.Out, AppContext.BaseDirectory, TimeProvider.System).Run();
}

return await RunAgentAsync(args);

// On the host, by hand: this file stands among the host's plugins, and everything else is where hosts have it.
static async Task<int> UninstallHereAsync(ILogger scope)
{
    using var shutdown = Shutdown.OnSignals();
    try
    {
        var install = new HostInstall(new InstallPlan
        {
            BinaryDirectory = AppContext.BaseDirectory,
            ConfigDirectory = Environment.GetEnvironmentVariable("MOUNTED_CNI_NET_DIR") is { Length: > 0 } given ? given : "/etc/cni/net.d",
            PluginSource = Environment.ProcessPath!,
            RunDirectory = PluginConfig.DefaultRunDirectory,
        });
        using var host = NetworkNamespace.Open("/proc/1/ns/net");
        return await new HostUninstall(install, PluginConfig.DefaultRunDirectory, "/proc", host, scope).RunAsync(shutdown.Stop) ? 0 : 1;
    }
    catch (Exception fault) when (fault is LinuxException or OperationCanceledException)
    {
        scope.LogError("the mesh stays on this node: {Problem}", fault.Message);
        return 1;
    }
}

static async Task<int> RunAgentAsync(string[] args)
{
    var time = TimeProvider.System;
    using var log = Log.FromEnvironment(time);
    var scope = log.Scope("cni-agent");
    if (args is not [] and not ["uninstall"])
    {
        scope.LogError("usage: mesh-cni [uninstall]; with CNI_COMMAND set it is a CNI plugin");
        return 2;
    }

    if (args is ["uninstall"] && Environment.GetEnvironmentVariable("NODE_NAME") is null or "") return await UninstallHereAsync(scope);

    if (CniOptions.TryRead(Environment.GetEnvironmentVariable, out var problem) is not { } options)
    {
        scope.LogError("the environment makes no sense: {Problem}", problem);
        return 2;
    }

    using var shutdown = Shutdown.OnSignals();
    try
    {
        ProcessLimits.RaiseOpenFiles();
        using var kubernetes = new KubernetesClient(
            Credentials.Discover(), new KubernetesClientOptions { FieldManager = "mesh-cni", UserAgent = "mesh-cni", Logger = log.Scope("kubernetes") });
        await using var agent = new CniAgent(options, kubernetes, log, time, Environment.ProcessPath!);
        if (args is [])
        {
            return await agent.RunAsync(shutdown.Stop) ? 0 : 1;
        }

        await agent.SyncAsync(shutdown.Stop);
        await agent.UninstallAsync();
        return 0;
    }
    catch (OperationCanceledException) when (shutdown.Stop.IsCancellationRequested)
    {
        return 0;
    }
    catch (Exception fault)
    {
        scope.LogError(fault, "the agent cannot go on");
        return 1;
    }
}
