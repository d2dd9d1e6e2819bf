using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes;
using Mesh.Kubernetes.Objects;
using Mesh.Model;

namespace Mesh.ControlPlane.Translate;

/// <summary>Gateways to waypoints, and who uses which. Pure.</summary>
internal static class WaypointTranslator
{
    public const ushort HbonePort = 15008;
    private const string NoWaypoint = "none";

    public static Waypoint From(GatewayObject gateway, GatewayClassObject? gatewayClass, string network)
    {
        var binding = Binding(gateway.Metadata.Annotations.Find(Names.InboundBinding) ?? gatewayClass?.Metadata.Annotations.Find(Names.InboundBinding));
        var listener = Listener(gateway, binding);
        return new Waypoint(
            gateway.Metadata.Key,
            Address(gateway, network),
            gateway.Metadata.Labels.Find(Names.WaypointFor) ?? gatewayClass?.Metadata.Labels.Find(Names.WaypointFor) ?? "service",
            listener?.AllowedRoutes?.Namespaces?.From ?? "Same",
            listener?.AllowedRoutes?.Namespaces?.Selector,
            binding);
    }

    public static WaypointChoice ForService(ObjectMeta service, Namespace? ns, Func<ObjectKey, Waypoint?> find)
    {
        var ingress = Flag(service.Labels.Find(Names.IngressUseWaypoint) ?? ns?.Metadata.Labels.Find(Names.IngressUseWaypoint));
        if (service.Labels.Find(Names.GatewayManaged) is "istio.io-mesh-controller" or "istio.io-eastwest-controller")
            return WaypointChoice.None with { Ingress = ingress }; // A waypoint's own service: going through itself would never arrive.
        if (Wanted(service, ns) is not { } wanted) return WaypointChoice.None with { Ingress = ingress };
        var primary = Resolve(wanted.Key, service.Namespace, ns, find, out var problem);
        if (primary is not null && !primary.ServesServices) (primary, problem) = (null, "UnsupportedTrafficType");
        if (primary is null) return new WaypointChoice(null, [], ingress, problem);
        var weighted = Weighted(service, ns, wanted, primary, find, out problem);
        return new WaypointChoice(primary.Address, weighted, ingress, problem);
    }

    public static WaypointChoice ForWorkload(ObjectMeta workload, StringMap labels, Namespace? ns, Func<ObjectKey, Waypoint?> find)
    {
        if (Wanted(workload with { Labels = labels }, ns) is not { } wanted) return WaypointChoice.None;
        var waypoint = Resolve(wanted.Key, workload.Namespace, ns, find, out var problem);
        if (waypoint is not null && !waypoint.ServesWorkloads)
        {
            // A namespace's waypoint for services is no mistake of its pods.
            (waypoint, problem) = (null, wanted.FromNamespace ? "" : "UnsupportedTrafficType");
        }
        return new WaypointChoice(waypoint?.Address, [], false, problem);
    }

    /// <summary>The object's own label, else the namespace's; "none" stops the search.</summary>
    private static (ObjectKey Key, bool FromNamespace, StringMap Level)? Wanted(ObjectMeta meta, Namespace? ns)
    {
        foreach (var fromNamespace in (ReadOnlySpan<bool>)[false, true])
        {
            var labels = fromNamespace ? ns?.Metadata.Labels ?? StringMap.Empty : meta.Labels;
            if (labels.Find(Names.UseWaypoint) is not { Length: > 0 } name) continue;
            if (name == NoWaypoint) return null;
            return (new ObjectKey(labels.Find(Names.UseWaypointNamespace) ?? meta.Namespace, name), fromNamespace, labels);
        }
        return null;
    }

    private static Waypoint? Resolve(ObjectKey key, string ns, Namespace? namespaceOf, Func<ObjectKey, Waypoint?> find, out string problem)
    {
        problem = "WaypointIsNotReady";
        if (find(key) is not { Address: not null } waypoint) return null; // Not ready: left out, and reported.
        problem = "AttachmentDenied";
        if (!waypoint.Allows(ns, namespaceOf?.Metadata.Labels ?? StringMap.Empty)) return null;
        problem = "";
        return waypoint;
    }

    private static ImmutableArray<WeightedWaypoint> Weighted(
        ObjectMeta service, Namespace? ns, (ObjectKey Key, bool FromNamespace, StringMap Level) wanted, Waypoint primary,
        Func<ObjectKey, Waypoint?> find, out string problem)
    {
        problem = "";
        if (wanted.Level.Find(Names.UseCanary) is not { Length: > 0 } name) return [];
        var key = new ObjectKey(wanted.Level.Find(Names.UseCanaryNamespace) ?? service.Namespace, name);
        if (key == wanted.Key) problem = "CanarySameAsPrimary";
        var annotations = wanted.FromNamespace ? ns!.Metadata.Annotations : service.Annotations;
        var text = annotations.Find(Names.CanaryWeight) ?? "0";
        if (problem.Length == 0 && (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) || parsed > 100))
            problem = "CanaryInvalidWeight";
        if (problem.Length > 0) return [];
        var weight = uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        var canary = Resolve(key, service.Namespace, ns, find, out problem);
        if (canary is not null && !canary.ServesServices) (canary, problem) = (null, "UnsupportedTrafficType");
        if (canary is null) return []; // The primary alone, and the reason.
        return [new WeightedWaypoint(primary.Address!, 100 - weight), new WeightedWaypoint(canary.Address!, weight)];
    }

    private static GatewayAddress? Address(GatewayObject gateway, string network)
    {
        foreach (var address in gateway.Status.Addresses ?? [])
        {
            if (address.Type == "Hostname" && !string.IsNullOrEmpty(address.Value))
                return new GatewayAddress(new NamespacedHostname(gateway.Metadata.Namespace, address.Value), null, HbonePort);
        }
        foreach (var address in gateway.Status.Addresses ?? [])
        {
            if (IPAddress.TryParse(address.Value, out var ip)) return new GatewayAddress(null, new NetworkAddress(network, ip), HbonePort);
        }
        return null;
    }

    private static GatewayListener? Listener(GatewayObject gateway, ApplicationTunnel? binding)
    {
        foreach (var listener in gateway.Spec.Listeners ?? [])
        {
            if (binding is null ? listener is { Protocol: "HBONE", Port: HbonePort }
                : binding.Port != 0 ? listener.Port == binding.Port
                : listener.Protocol == "istio.io/PROXY") return listener;
        }
        return null;
    }

    private static ApplicationTunnel? Binding(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? text : text[..slash];
        ushort port = 0;
        if (slash >= 0 && !ushort.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)) return null;
        return protocol switch
        {
            "PROXY" => new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, port),
            "NONE" => new ApplicationTunnel(ApplicationTunnelProtocol.None, port),
            _ => null,
        };
    }

    private static bool Flag(string? text) => string.Equals(text, "true", StringComparison.OrdinalIgnoreCase);
}
