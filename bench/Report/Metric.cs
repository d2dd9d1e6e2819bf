namespace Mesh.Bench.Report;

/// <summary>One line of the table. The goal is a ratio to the plain relays, or an absolute value where those have none.</summary>
internal sealed record Metric(string Key, string Title, string Format, bool MoreIsBetter, double? GoalRatio = null, double? Goal = null)
{
    public static readonly Metric[] All =
    [
        new("bulk1.gbps", "bulk, 1 connection, Gbit/s", "0.00", true, GoalRatio: 0.75),
        new("bulk2.gbps", "bulk, 2 connections, Gbit/s", "0.00", true, GoalRatio: 0.75),
        new("bulk8.gbps", "bulk, 8 connections, Gbit/s", "0.00", true, GoalRatio: 0.75),
        new("bulk1.cpu", "CPU per GiB, 1 connection, s", "0.00", false, GoalRatio: 1.4),
        new("bulk8.cpu", "CPU per GiB, 8 connections, s", "0.00", false, GoalRatio: 1.4),
        new("rate.cpu", "CPU at 1,000 requests/s, cores", "0.000", false, GoalRatio: 1.1),
        new("rate.p50", "p50 at 1,000 requests/s, µs", "0", false, GoalRatio: 1.0),
        new("rate.p99", "p99 at 1,000 requests/s, µs", "0", false, GoalRatio: 1.1),
        new("rate.p999", "p99.9 at 1,000 requests/s, µs", "0", false),
        new("sat1.rps", "requests/s, 1 connection", "0", true, GoalRatio: 0.85),
        new("sat16.rps", "requests/s, 16 connections", "0", true, GoalRatio: 0.95),
        new("sat64.rps", "requests/s, 64 connections", "0", true, GoalRatio: 1.0),
        new("sat1.cpu", "CPU per request, 1 connection, µs", "0.0", false, GoalRatio: 1.3),
        new("sat16.cpu", "CPU per request, 16 connections, µs", "0.0", false, GoalRatio: 1.1),
        new("sat64.cpu", "CPU per request, 64 connections, µs", "0.0", false, GoalRatio: 1.0),
        new("sat16.p99", "p99, 16 connections, µs", "0", false, GoalRatio: 1.1),
        new("sat64.p99", "p99, 64 connections, µs", "0", false, GoalRatio: 1.0),
        new("sat16.p999", "p99.9, 16 connections, µs", "0", false),
        new("sat64.p999", "p99.9, 64 connections, µs", "0", false),
        new("new.rps", "new connections/s, tunnels warm", "0", true, GoalRatio: 1.8),
        new("new.cpu", "CPU per new connection, µs", "0", false),
        new("new.p99", "p99 of a new connection, µs", "0", false),
        new("tunnels.rps", "new tunnels/s (handshake each)", "0", true),
        new("tunnels.cpu", "CPU per new tunnel, µs", "0", false),
        new("rules.rps", "new connections/s, 10,000 rules", "0", true),
        new("rules.cpu", "CPU per new connection, 10,000 rules, µs", "0", false),
        new("rate.rss", "RSS at 1,000 requests/s, larger side, MiB", "0.0", false, Goal: 12),
        new("rss.end", "RSS after the round, larger side, MiB", "0.0", false, Goal: 20),
        new("idle.rss", "RSS with 10,000 idle connections, both, MiB", "0.0", false),
        new("idle.each", "memory per idle connection, both, KiB", "0.00", false, Goal: 4),
        new("idle.cpu", "CPU with 10,000 idle connections, cores", "0.000", false),
        new("calls.gib", "system calls per GiB, both", "0", false),
        new("calls.request", "system calls per request, 16 conn., both", "0.00", false),
        new("scale1.ready", "time to ready, 1 workload, s", "0.000", false),
        new("scale1.rss", "RSS, 1 workload, MiB", "0.0", false, Goal: 10),
        new("scale1000.rss", "RSS, 1,000 workloads, MiB", "0.0", false, Goal: 12),
        new("scale100000.rss", "RSS, 100,000 workloads, MiB", "0.0", false, Goal: 65),
        new("scale100000.ready", "time to ready, 100,000 workloads, s", "0.00", false, Goal: 1.6),
    ];
}
