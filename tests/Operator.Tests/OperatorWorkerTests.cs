using Mesh.Daemon;
using Mesh.Daemon.Logging;
using Mesh.Kubernetes;
using Mesh.Operator.Rules;

namespace Mesh.Operator.Tests;

/// <summary>An operator that cannot go on ends, so that it is started anew.</summary>
public sealed class OperatorWorkerTests
{
    [Fact]
    public async Task A_leader_that_fails_ends_the_worker_instead_of_leaving_a_process_that_does_nothing()
    {
        using var output = new MemoryStream();
        using var log = new Log(output, LogFormat.Plain, LogFilter.Information, TimeProvider.System);
        using var metrics = new OperatorMetrics();
        using var kubernetes = new KubernetesClient(
            Credentials.Anonymous(new Uri("http://127.0.0.1:1")), new KubernetesClientOptions { FieldManager = "tests", Time = new StoppedClock() });
        var options = OperatorOptions.FromEnvironment(_ => null);
        using var worker = new OperatorWorker(kubernetes, options, metrics, new Readiness(), log, TimeProvider.System);

        await worker.StartAsync(CancellationToken.None);

        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    /// <summary>Rings timers, but measures nothing: the lease cannot be asked for.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => throw new InvalidOperationException("the clock stands");
    }
}
