using Mesh.ControlPlane;
using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Hosting;
using Mesh.Kubernetes;
using Microsoft.Extensions.Logging;

using var log = Log.FromEnvironment(TimeProvider.System, MeshHost.DefaultLogFilter);
var logger = log.CreateLogger("controlplane");
var options = ControlPlaneOptions.Read(Environment.GetEnvironmentVariable, out var problems);
foreach (var problem in problems) logger.LogError("{Problem}", problem);
if (problems.Count > 0) return 2;

using var shutdown = Shutdown.OnSignals();
try
{
    using var client = new KubernetesClient(
        Credentials.Discover(),
        new KubernetesClientOptions
        {
            FieldManager = "mesh-control-plane",
            UserAgent = "mesh-control-plane",
            Logger = log.CreateLogger("kubernetes"),
        });
    await using var program = new ControlPlaneProgram(options, client, TimeProvider.System, new Random(), log);
    return await program.RunAsync(new Random(), shutdown.Stop) ? 0 : 1;
}
catch (CredentialsException problem)
{
    logger.LogError("{Problem}", problem.Message);
    return 1;
}
