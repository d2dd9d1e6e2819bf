using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Linux;
using Mesh.Ztunnel;
using Mesh.Ztunnel.Options;
using Microsoft.Extensions.Logging;

// 1. What the operator wants; every mistake is told before the program gives up.
var (options, problems) = ZtunnelOptionsParser.Parse(EnvironmentVariables.Read(), Environment.ProcessorCount);
var time = TimeProvider.System;
using var log = Log.FromEnvironment(time);
foreach (var problem in problems) log.Scope("options").LogError("{Problem}", problem);
if (problems.Count > 0) return 1;

// 2. What the process may use.
ProcessLimits.RaiseOpenFiles();
using var shutdown = Shutdown.OnSignals();

// 3. Bind everything, run, drain.
return await new Proxy(options, log, shutdown, time).RunAsync();
