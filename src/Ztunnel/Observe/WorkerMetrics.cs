using Mesh.Daemon.Metering;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Observe;

/// <summary>What each worker's loop and its tunnels to peers do. Read at a scrape, of numbers that the worker goes on changing.</summary>
internal static class WorkerMetrics
{
    private const string Label = "worker";

    public static void Register(Metrics metrics, IReadOnlyList<Worker> workers)
    {
        string[] names = [.. workers.Select(static worker => worker.Loop.Name)];
        metrics.ObserveGauge("mesh_workers", "Traffic loops.", () => workers.Count);
        Count("mesh_loop_turns", "Times a loop asked the kernel what is ready.", static worker => worker.Loop.Statistics.Turns);
        Count("mesh_loop_posted", "Calls of other threads that a loop ran.", static worker => worker.Loop.Statistics.Posted);
        Count("mesh_loop_faults", "Faults of the proxy that a loop caught.", static worker => worker.Loop.Statistics.Faults);
        Count("mesh_accept_pauses", "Times accepting paused for want of descriptors or memory.", static worker => worker.Loop.Statistics.AcceptPauses);
        Tell("mesh_loop_backlog", "Calls of other threads that a loop has not run yet.", static worker => worker.Loop.Backlog);
        Tell("mesh_tunnels_open", "Tunnels to peers.", static worker => worker.Pool.Tunnels);
        Count("mesh_tunnel_dials", "Tunnels that were dialled.", static worker => worker.Pool.Counters.Dials);
        Count("mesh_tunnel_dial_failures", "Tunnels that could not be opened.", static worker => worker.Pool.Counters.DialFailures);
        Count("mesh_tunnel_streams", "Streams opened in tunnels to peers.", static worker => worker.Pool.Counters.Streams);
        Count("mesh_tunnel_waiters_refused", "Connections refused because too many waited for a tunnel.", static worker => worker.Pool.Counters.WaitersRefused);

        void Count(string name, string help, Func<Worker, double> read) => metrics.ObserveCounters(name, help, Label, names, at => read(workers[at]));

        void Tell(string name, string help, Func<Worker, double> read) => metrics.ObserveGauges(name, help, Label, names, at => read(workers[at]));
    }
}
