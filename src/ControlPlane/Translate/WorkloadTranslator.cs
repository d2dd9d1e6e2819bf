using System.Collections.Immutable;
using System.Net;
using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Model;
using KubeService = Mesh.Kubernetes.Objects.Service;

namespace Mesh.ControlPlane.Translate;

/// <summary>Pods, workload entries, inline endpoints and slices to workloads. Pure.</summary>
internal sealed class WorkloadTranslator(MeshSettings settings)
{
    private const string HttpTunnel = "http";

    public string UidOfPod(ObjectKey pod) => $"{settings.ClusterId}//Pod/{pod.Namespace}/{pod.Name}";

    /// <summary>Null while the pod has no address, and once it ended.</summary>
    public Workload? FromPod(Pod pod, WorkloadContext context)
    {
        if (pod.IsTerminal) return null;
        var addresses = Addresses(pod);
        if (addresses.IsEmpty) return null;
        var labels = pod.Metadata.Labels;
        var name = WorkloadNames.Of(pod);
        var (protocol, native) = Tunnel(labels, pod.Metadata.Annotations);
        return new Workload
        {
            Uid = UidOfPod(pod.Metadata.Key),
            Name = pod.Metadata.Name,
            Namespace = pod.Metadata.Namespace,
            TrustDomain = settings.TrustDomain,
            ServiceAccount = pod.Spec.ServiceAccountName,
            Network = context.Network,
            Addresses = addresses,
            Protocol = protocol,
            NativeTunnel = native,
            NetworkMode = pod.Spec.HostNetwork ? NetworkMode.HostNetwork : NetworkMode.Standard,
            // A pod that asks for its inner connections itself is a waypoint, and those have none.
            Waypoint = context.ApplicationTunnel is null ? context.Waypoint : null,
            ApplicationTunnel = context.ApplicationTunnel,
            Node = pod.Spec.NodeName ?? "",
            ClusterId = settings.ClusterId,
            CanonicalName = WorkloadNames.CanonicalName(labels, name),
            CanonicalRevision = WorkloadNames.CanonicalRevision(labels),
            WorkloadName = name,
            Kind = WorkloadKind.Pod,
            Status = pod.IsReady && !pod.Metadata.IsBeingDeleted ? HealthStatus.Healthy : HealthStatus.Unhealthy,
            Locality = context.Locality,
            AuthorizationPolicies = context.Policies,
            Services = context.Services,
        };
    }

    public Workload FromEntry(WorkloadEntryObject entry, WorkloadContext context)
    {
        var labels = LabelsOf(entry);
        var name = entry.Metadata.Annotations.Find(Names.RegistrationGroup) is { Length: > 0 } group ? group
            : labels.Find(Names.WorkloadName) is { Length: > 0 } said ? said
            : entry.Metadata.Name;
        var uid = $"{settings.ClusterId}/networking.istio.io/WorkloadEntry/{entry.Metadata.Namespace}/{entry.Metadata.Name}";
        return FromSpec(entry.Spec, context, labels, labels, entry.Metadata.Annotations, name) with
        {
            Uid = uid,
            Name = entry.Metadata.Name,
            Namespace = entry.Metadata.Namespace,
        };
    }

    /// <summary>An endpoint that stands in a service entry; <paramref name="endpoint"/> may stand for the host itself.</summary>
    public Workload FromServiceEntry(ServiceEntryObject entry, WorkloadEntrySpec endpoint, WorkloadContext context)
    {
        var meta = entry.Metadata;
        return FromSpec(endpoint, context, meta.Labels, endpoint.Labels, meta.Annotations, meta.Name) with
        {
            Uid = $"{settings.ClusterId}/networking.istio.io/ServiceEntry/{meta.Namespace}/{meta.Name}/{endpoint.Address}",
            Name = meta.Name,
            Namespace = meta.Namespace,
        };
    }

    /// <summary>The endpoints of a slice that are not pods.</summary>
    public IEnumerable<Workload> FromSlice(EndpointSlice slice, KubeService service, string hostname, string network)
    {
        if (slice.AddressType == "FQDN") yield break;
        var ports = TargetPorts.OfSlice(slice, service);
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.TargetRef?.Kind == "Pod" || endpoint.Addresses.Count == 0) continue;
            var addresses = ImmutableArray.CreateBuilder<IPAddress>();
            foreach (var text in endpoint.Addresses)
            {
                if (IPAddress.TryParse(text, out var address)) addresses.Add(address);
            }
            if (addresses.Count == 0) continue;
            yield return new Workload
            {
                Uid = $"{settings.ClusterId}/discovery.k8s.io/EndpointSlice/{slice.Metadata.Namespace}/{slice.Metadata.Name}/{endpoint.Addresses[0]}",
                Name = slice.Metadata.Name,
                Namespace = slice.Metadata.Namespace,
                TrustDomain = settings.TrustDomain,
                ServiceAccount = "",
                Network = network,
                Addresses = addresses.ToImmutable(),
                NetworkMode = NetworkMode.HostNetwork, // The address may belong to others, too.
                ClusterId = settings.ClusterId,
                Status = endpoint.Conditions?.Ready == false ? HealthStatus.Unhealthy : HealthStatus.Healthy,
                Services = [new WorkloadService(new NamespacedHostname(service.Metadata.Namespace, hostname), ports)],
            };
        }
    }

    /// <summary>Labels of an entry: what stands in its metadata wins.</summary>
    public static StringMap LabelsOf(WorkloadEntryObject entry) =>
        entry.Spec.Labels.Count == 0 ? entry.Metadata.Labels : StringMap.From([.. entry.Spec.Labels, .. entry.Metadata.Labels]);

    /// <summary>Region, zone and subzone of a node.</summary>
    public static Locality LocalityOf(Node? node) => node is null
        ? Locality.Unknown
        : new Locality(
            node.Metadata.Labels.Find(Names.Region) ?? "",
            node.Metadata.Labels.Find(Names.Zone) ?? "",
            node.Metadata.Labels.Find(Names.Subzone) ?? "");

    private Workload FromSpec(
        WorkloadEntrySpec spec, WorkloadContext context, StringMap labels, StringMap tunnelLabels, StringMap annotations, string name)
    {
        var ip = IPAddress.TryParse(spec.Address, out var parsed) ? parsed : null;
        var (protocol, native) = Tunnel(tunnelLabels, annotations);
        return new Workload
        {
            Uid = "",
            Name = "",
            Namespace = "",
            TrustDomain = settings.TrustDomain,
            ServiceAccount = spec.ServiceAccount ?? "",
            Network = string.IsNullOrEmpty(spec.Network) ? context.Network : spec.Network,
            Addresses = ip is null ? [] : [ip],
            Hostname = ip is null ? spec.Address ?? "" : "",
            Protocol = protocol,
            NativeTunnel = native,
            Waypoint = context.Waypoint,
            ClusterId = settings.ClusterId,
            CanonicalName = WorkloadNames.CanonicalName(labels, name),
            CanonicalRevision = WorkloadNames.CanonicalRevision(labels),
            WorkloadName = name,
            Kind = WorkloadKind.Pod,
            Locality = ParseLocality(spec.Locality),
            Capacity = spec.Weight == 0 ? 1 : spec.Weight,
            AuthorizationPolicies = context.Policies,
            Services = context.Services,
        };
    }

    private static (TunnelProtocol Protocol, bool Native) Tunnel(StringMap labels, StringMap annotations)
    {
        if (labels.Find(Names.Tunnel) is { } tunnels && tunnels.Split(',').Contains(HttpTunnel, StringComparer.Ordinal))
            return (TunnelProtocol.Hbone, true);
        return annotations.Has(Names.Redirection, "enabled") ? (TunnelProtocol.Hbone, false) : (TunnelProtocol.None, false);
    }

    private static ImmutableArray<IPAddress> Addresses(Pod pod)
    {
        var addresses = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var ip in pod.Status.PodIps)
        {
            if (IPAddress.TryParse(ip.Ip, out var address)) addresses.Add(address);
        }
        if (addresses.Count == 0 && IPAddress.TryParse(pod.Status.PodIp, out var only)) addresses.Add(only);
        return addresses.ToImmutable();
    }

    private static Locality ParseLocality(string? text)
    {
        if (string.IsNullOrEmpty(text)) return Locality.Unknown;
        var parts = text.Split('/');
        return new Locality(parts[0], parts.Length > 1 ? parts[1] : "", parts.Length > 2 ? parts[2] : "");
    }
}
