using System.Diagnostics;
using Mesh.Model;
using Mesh.Namespaced.Tests.Harness;
using Mesh.Xds.Server;

namespace Mesh.Namespaced.Tests.Soak;

/// <summary>
/// What goes on in a cluster meanwhile: policies and workloads come and go, and an application's process is killed and restarted.
/// </summary>
internal sealed class Churn(Site site, int seed)
{
    private const int Bystanders = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);
    private static readonly AuthorizationPolicy Shut = new()
    {
        Name = "shut",
        Namespace = "default",
        Scope = PolicyScope.Namespace,
        Action = PolicyAction.Deny,
        Rules = [new PolicyRule([new PolicyClause([new PolicyMatch { DestinationPorts = [Ports.Denied] }])])],
    };

    // Echoes what the soak's commands ask for, in a process of its own that can be killed: reads and drops.
    private const string Victim = """
        import socket, threading
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('10.93.0.2', 8083)); s.listen(256)
        def serve(c):
            try:
                while c.recv(65536): pass
            except OSError: pass
            finally: c.close()
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c,), daemon=True).start()
        """;

    public int Kills { get; private set; }

    public int PolicyChanges { get; private set; }

    public int WorkloadChanges { get; private set; }

    public async Task PublishAsync(CancellationToken stop)
    {
        var chance = new Random(seed);
        var generation = 0;
        while (!stop.IsCancellationRequested)
        {
            switch (chance.Next(4))
            {
                case 0:
                    var isShut = chance.Next(2) == 0;
                    site.ControlPlane.Publish(isShut ? [Resource.From(Shut)] : [], removedPolicies: isShut ? [] : [Shut.Key]);
                    PolicyChanges++;
                    break;
                case 1: // The second workload leaves, comes back, or is another pod with the old address.
                    var isGone = chance.Next(2) == 0;
                    site.ControlPlane.Publish(
                        isGone ? [] : [Resource.From(Site.SecondPod with { Capacity = (uint)++generation })], isGone ? [Site.SecondPod.Uid] : []);
                    WorkloadChanges++;
                    break;
                case 2: // The calm one changes in ways that must not matter to what runs.
                    site.ControlPlane.Publish(
                        [Resource.From(Site.Pod("server", "server", Site.ServerIp) with { CanonicalRevision = $"v{++generation % 4}", Capacity = (uint)generation })]); // Few labels: series are kept for ever.
                    WorkloadChanges++;
                    break;
                default:
                    var first = chance.Next(Bystanders);
                    site.ControlPlane.Publish(
                        Enumerable.Range(first, 20).Select(static i => Resource.From(Site.Pod($"bystander-{i}", $"account-{i % 7}", $"10.94.{i / 200}.{1 + (i % 200)}"))),
                        [.. Enumerable.Range(first + 20, 20).Select(static i => $"Kubernetes//Pod/default/bystander-{i}")]);
                    WorkloadChanges++;
                    break;
            }

            await Task.Delay(Pause, CancellationToken.None);
        }

        // Everything open again for whoever still runs.
        site.ControlPlane.Publish([Resource.From(Site.SecondPod)], removedPolicies: [Shut.Key]);
    }

    public async Task KillAsync(CancellationToken stop)
    {
        var chance = new Random(seed + 1);
        while (!stop.IsCancellationRequested)
        {
            using var victim = site.Server.StartInside(["python3", "-c", Victim]);
            _ = victim.StandardError.ReadToEndAsync(CancellationToken.None);
            await Task.Delay(chance.Next(300, 1500), CancellationToken.None);
            victim.Kill();
            await victim.WaitForExitAsync(CancellationToken.None);
            Kills++;
        }
    }
}
