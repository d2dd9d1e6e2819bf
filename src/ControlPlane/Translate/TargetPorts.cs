using System.Collections.Immutable;
using Mesh.ControlPlane.Resources;
using Mesh.Kubernetes.Objects;
using KubeService = Mesh.Kubernetes.Objects.Service;
using ServicePort = Mesh.Model.ServicePort;

namespace Mesh.ControlPlane.Translate;

/// <summary>Which port of a workload answers for which port of a service. Pure; a port that cannot be named is left out.</summary>
internal static class TargetPorts
{
    public static ImmutableArray<ServicePort> OfPod(Pod pod, KubeService service)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>(service.Spec.Ports.Count);
        foreach (var port in service.Spec.Ports)
        {
            var target = port.TargetPort is { Name: { } name } ? ContainerPort(pod, name) : NumberOf(port);
            Add(ports, port.Port, target);
        }
        return ports.DrainToImmutable();
    }

    public static ImmutableArray<ServicePort> OfPod(Pod pod, ServiceEntrySpec entry)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in entry.Ports ?? [])
        {
            Add(ports, port.Number, (port.Name is null ? null : ContainerPort(pod, port.Name)) ?? NumberOf(port));
        }
        return ports.ToImmutable();
    }

    public static ImmutableArray<ServicePort> OfEntry(WorkloadEntrySpec entry, KubeService service)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in service.Spec.Ports)
        {
            // A name that the service points at must be named by the entry; a number may be.
            var target = port.TargetPort is { Name: { } name }
                ? Named(entry, name)
                : Named(entry, port.Name) ?? NumberOf(port);
            Add(ports, port.Port, target);
        }
        return ports.ToImmutable();
    }

    public static ImmutableArray<ServicePort> OfEntry(WorkloadEntrySpec entry, ServiceEntrySpec service)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in service.Ports ?? []) Add(ports, port.Number, Named(entry, port.Name) ?? NumberOf(port));
        return ports.ToImmutable();
    }

    /// <summary>Slice ports meet service ports by name; only TCP ports with a name (empty counts as one) and a number.</summary>
    public static ImmutableArray<ServicePort> OfSlice(EndpointSlice slice, KubeService service)
    {
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        foreach (var port in service.Spec.Ports)
        {
            foreach (var target in slice.Ports)
            {
                if (target.Protocol is not (null or "TCP") || target.Port is null || (target.Name ?? "") != (port.Name ?? "")) continue;
                Add(ports, port.Port, target.Port);
                break;
            }
        }
        return ports.ToImmutable();
    }

    private static int NumberOf(Kubernetes.Objects.ServicePort port) => port.TargetPort is { Number: > 0 and var number } ? number : port.Port;

    private static int NumberOf(ServiceEntryPort port) => port.TargetPort > 0 ? port.TargetPort : port.Number;

    private static int? Named(WorkloadEntrySpec entry, string? name) =>
        name is not null && entry.Ports is not null && entry.Ports.TryGetValue(name, out var number) && number > 0 ? number : null;

    private static int? ContainerPort(Pod pod, string name)
    {
        foreach (var container in pod.Spec.Containers)
        {
            if (Find(container, name) is { } number) return number;
        }
        foreach (var container in pod.Spec.InitContainers)
        {
            if (container.RestartPolicy == "Always" && Find(container, name) is { } number) return number;
        }
        return null;
    }

    private static int? Find(Container container, string name)
    {
        foreach (var port in container.Ports)
        {
            if (port.Name == name && (port.Protocol ?? "TCP") == "TCP") return port.Number;
        }
        return null;
    }

    private static void Add(ImmutableArray<ServicePort>.Builder ports, int port, int? target)
    {
        if (port is > 0 and <= ushort.MaxValue && target is > 0 and <= ushort.MaxValue)
            ports.Add(new ServicePort((ushort)port, (ushort)target));
    }
}
