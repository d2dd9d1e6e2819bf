using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Linux;
using Mesh.Ztunnel;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Pods;
using Microsoft.Extensions.Logging;

// 1. What the operator wants; every mistake is told before the program gives up.
var (options, problems) = ZtunnelOptionsParser.Parse(EnvironmentVariables.Read(), Environment.ProcessorCount);
var time = TimeProvider.System;
using var log = Log.FromEnvironment(time);
foreach (var problem in problems) log.Scope("options").LogError("{Problem}", problem);
if (problems.Count > 0) return 1;

var scope = log.Scope("proxy");
try
{
    // 2. What the process may use.
    ProcessLimits.RaiseOpenFiles();
    var (granted, lacking) = PodRights.Check(options, scope);
    if (lacking is not null)
    {
        scope.LogError("cannot start: {Problem}", lacking);
        return 1;
    }

    // 3. Bind everything, run, drain.
    using var shutdown = Shutdown.OnSignals();
    return await new Proxy(granted, log, shutdown, time).RunAsync();
}
catch (Exception fault)
{
    scope.LogError(fault, "the proxy cannot go on");
    return 1;
}
