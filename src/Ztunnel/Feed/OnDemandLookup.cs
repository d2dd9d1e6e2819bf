using Mesh.Linux.Loops;
using Mesh.Model;
using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Feed;

/// <summary>
/// What a decision needs to know and the snapshot lacks: asked for, and waited for, before the decision is made. Without an answer in time
/// the connection is refused, for an unknown destination would be sent on in plaintext.
/// </summary>
internal static class OnDemandLookup
{
    /// <summary>Each answer may name others: a service, its waypoint, that one's gateway.</summary>
    private const int RoundsMax = 4;

    /// <summary>The pod with a snapshot that has what there is about the destination; null when the control plane did not answer in time.</summary>
    public static async ValueTask<LocalPod?> ForOutboundAsync(OnDemandNames names, PodProxy pod, EventLoop loop, IpPort destination, TimeSpan wait)
    {
        var deadline = loop.NowMilliseconds + (long)wait.TotalMilliseconds;
        for (var round = 0; round < RoundsMax; round++)
        {
            if (pod.Local is not { Workload: { } source } local) return null;
            var missing = new List<string>();
            CollectDestination(local.Mesh, source, destination, missing);
            switch (await AnswerAsync(names, missing, loop, deadline))
            {
                case Answers.KnownBefore: return local;
                case Answers.Missing: return null;
                case Answers.Came: break;
            }
        }

        return pod.Local;
    }

    /// <summary>Whether the address that a CONNECT names is known, or known to be nobody's; false without an answer in time.</summary>
    public static async ValueTask<bool> ForAuthorityAsync(OnDemandNames names, PodProxy pod, EventLoop loop, string authority, TimeSpan wait)
    {
        if (Authority.TryParse(authority)?.Address is not { Address: var asked }) return true; // A name is looked for among the own services.
        if (pod.Local is not { Workload: { } local } now || local.HasAddress(asked) || Knows(now.Mesh, local, asked)) return true;
        var deadline = loop.NowMilliseconds + (long)wait.TotalMilliseconds;
        return await AnswerAsync(names, [OnDemandNames.NameOf(local.Network, asked)], loop, deadline) != Answers.Missing;
    }

    /// <summary>Asks without waiting: a client's name is only good for labels.</summary>
    public static void Mention(OnDemandNames names, MeshSnapshot mesh, MeshWorkload local, Ip address)
    {
        if (!Knows(mesh, local, address)) _ = names.TryAsk(OnDemandNames.NameOf(local.Network, address), out _);
    }

    /// <summary>What a workload of our own needs before anybody asks for it: the services it backs, and its waypoint.</summary>
    public static void CollectLocal(MeshSnapshot mesh, MeshWorkload workload, List<string> missing)
    {
        foreach (var part in workload.Shape.Services)
        {
            if (mesh.FindService(part.Service) is not { Service: { } service }) missing.Add(part.Service.ToString());
            else CollectWaypoints(mesh, workload, service, missing);
        }

        CollectGateway(mesh, workload, workload.Shape.Waypoint, missing);
    }

    private static void CollectDestination(MeshSnapshot mesh, MeshWorkload source, IpPort destination, List<string> missing)
    {
        if (mesh.FindService(source.Network, destination.Address, source.Namespace) is { Service: { } service } found)
        {
            CollectWaypoints(mesh, source, service, missing);
            foreach (var endpoint in found.Workloads)
            {
                if (endpoint.Network != source.Network) CollectGateway(mesh, source, endpoint.Shape.NetworkGateway, missing);
            }

            CollectRemoteWaypoints(mesh, source, service, missing);
        }
        else if (mesh.FindWorkload(source.Network, destination.Address) is { } workload)
        {
            CollectGateway(mesh, source, workload.Shape.Waypoint, missing);
        }
        else
        {
            missing.Add(OnDemandNames.NameOf(source.Network, destination.Address));
        }
    }

    private static void CollectWaypoints(MeshSnapshot mesh, MeshWorkload source, Service service, List<string> missing)
    {
        CollectGateway(mesh, source, service.Waypoint, missing);
        foreach (var choice in service.WeightedWaypoints) CollectGateway(mesh, source, choice.Destination, missing);
    }

    /// <summary>A waypoint may stand in another network itself.</summary>
    private static void CollectRemoteWaypoints(MeshSnapshot mesh, MeshWorkload source, Service service, List<string> missing)
    {
        if (service.Waypoint?.Hostname is not { } hostname || mesh.FindService(hostname) is not { } waypoints) return;
        foreach (var waypoint in waypoints.Workloads)
        {
            if (waypoint.Network != source.Network) CollectGateway(mesh, source, waypoint.Shape.NetworkGateway, missing);
        }
    }

    private static void CollectGateway(MeshSnapshot mesh, MeshWorkload source, GatewayAddress? reference, List<string> missing)
    {
        if (reference?.Hostname is { } hostname)
        {
            if (mesh.FindService(hostname) is not null || mesh.FindWorkloadByHostname(hostname) is not null) return;
            AddOnce(missing, hostname.ToString());
        }
        else if (reference?.Address is { } address)
        {
            var ip = Ip.From(address.Address);
            if (mesh.FindWorkload(address.Network, ip) is not null || mesh.FindService(address.Network, ip, source.Namespace) is not null) return;
            AddOnce(missing, OnDemandNames.NameOf(address.Network, ip));
        }
    }

    private static void AddOnce(List<string> missing, string name)
    {
        if (!missing.Contains(name)) missing.Add(name);
    }

    private static bool Knows(MeshSnapshot mesh, MeshWorkload local, Ip address) =>
        mesh.FindWorkload(local.Network, address) is not null || mesh.FindService(local.Network, address, local.Namespace) is not null;

    private static async ValueTask<Answers> AnswerAsync(OnDemandNames names, List<string> missing, EventLoop loop, long deadline)
    {
        var result = Answers.KnownBefore;
        foreach (var name in missing)
        {
            if (!names.TryAsk(name, out var answer)) return Answers.Missing;
            if (answer.IsCompleted) continue; // Nobody has it.
            result = Answers.Came;
            var left = deadline - loop.NowMilliseconds;
            if (left <= 0) return Answers.Missing;
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(left), loop.Time));
            if (!answer.IsCompleted) return Answers.Missing;
        }

        return result;
    }

    private enum Answers
    {
        KnownBefore,
        Came,
        Missing,
    }
}
