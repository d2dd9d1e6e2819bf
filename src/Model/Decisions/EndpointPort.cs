using Mesh.Model.Snapshot;

namespace Mesh.Model.Decisions;

/// <summary>Which port of an endpoint answers for a port of its service.</summary>
internal static class EndpointPort
{
    /// <summary>The endpoint's own map, else the service's target port, else the service port itself if an application tunnel takes it; 0: none.</summary>
    public static ushort Resolve(MeshWorkload workload, MeshService service, ushort servicePort, EndpointMode mode)
    {
        var isServed = false;
        if (workload.FindService(service.Key) is { } part && !part.Ports.IsDefault)
        {
            foreach (var port in part.Ports)
            {
                if (port.Port == servicePort && port.TargetPort != 0) return port.TargetPort;
            }
        }

        foreach (var port in service.Service!.Ports)
        {
            if (port.Port != servicePort) continue;
            if (port.TargetPort != 0) return port.TargetPort;
            isServed = true;
        }

        var takesAnyPort = workload.Shape.ApplicationTunnel is { Port: > 0 } && (isServed || mode == EndpointMode.Waypoint);
        return takesAnyPort ? servicePort : (ushort)0;
    }
}
