using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Hosting;
using Mesh.Kubernetes;
using Mesh.Operator;
using Mesh.Operator.Install;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

var time = TimeProvider.System;
using var log = Log.FromEnvironment(time, MeshHost.DefaultLogFilter);
var scope = log.Scope("operator");
var options = OperatorOptions.FromEnvironment(Environment.GetEnvironmentVariable);
try
{
    using var metrics = new OperatorMetrics();
    using var kubernetes = new KubernetesClient(Credentials.Discover(), new KubernetesClientOptions
    {
        FieldManager = ObjectApplier.FieldManager,
        UserAgent = $"mesh-operator/{OperatorOptions.ProgramVersion}",
        Logger = log.Scope("kubernetes"),
        Time = time,
        // Older servers say nothing on a quiet watch: it ends before its silence could look like a dead connection.
        WatchLifetime = TimeSpan.FromSeconds(80),
    });
    var readiness = new Readiness();
    var hosting = new MeshHostOptions { Program = "mesh-operator", Meters = [OperatorMetrics.MeterName], OperationsPorts = options.Ports };
    using var telemetry = new Telemetry(hosting);
    var builder = MeshHost.CreateBuilder(hosting, log);
    var worker = new OperatorWorker(kubernetes, options, metrics, readiness, log, time);
    builder.Services.AddHostedService(_ => worker);
    await using var app = builder.Build();
    app.UseOperationsPages(hosting, readiness, telemetry, log);
    scope.LogInformation("mesh-operator {Version} at {Server}", OperatorOptions.ProgramVersion, kubernetes.Credentials.Server);
    await app.RunAsync();
    return worker.ExecuteTask is { IsFaulted: true } ? 1 : Environment.ExitCode; // A host that its worker stopped ends well.
}
catch (CredentialsException fault)
{
    scope.LogError("no way into the cluster: {Problem}", fault.Message);
    return 1;
}
