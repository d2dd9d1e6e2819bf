using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Mesh.Model;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Admin;

/// <summary>Services and their endpoints as the dump shows them; endpoints whose service has not come are <c>stagedServices</c>.</summary>
internal static class ServiceDump
{
    public static void Write(Utf8JsonWriter json, MeshSnapshot mesh)
    {
        json.WriteStartArray("services");
        foreach (var service in mesh.Services)
        {
            if (service.Service is { } known) WriteService(json, service, known);
        }

        json.WriteEndArray();
        json.WriteStartObject("stagedServices");
        foreach (var service in mesh.Services)
        {
            if (service.Service is null) WriteEndpoints(json, service.Key.ToString(), service);
        }

        json.WriteEndObject();
    }

    private static void WriteService(Utf8JsonWriter json, MeshService stored, Service service)
    {
        json.WriteStartObject();
        json.WriteString("name", service.Name);
        json.WriteString("namespace", service.Namespace);
        json.WriteString("hostname", service.Hostname);
        json.WriteStartArray("vips");
        foreach (var address in service.Addresses) json.WriteStringValue(address.ToString());
        json.WriteEndArray();
        WritePorts(json, "ports", service.Ports);
        json.WriteStartArray("subjectAltNames");
        foreach (var name in service.SubjectAltNames) json.WriteStringValue(name);
        json.WriteEndArray();
        ConfigDump.WriteGateway(json, "waypoint", service.Waypoint);
        if (!service.WeightedWaypoints.IsDefaultOrEmpty) WriteWaypoints(json, service.WeightedWaypoints);
        WriteEndpoints(json, "endpoints", stored);
        if (service.LoadBalancing is { } balancing) WriteBalancing(json, balancing);
        if (FamilyOf(service.IpFamilies) is { } family) json.WriteString("ipFamilies", family);
        json.WriteBoolean("canonical", service.Canonical);
        json.WriteString("visibility", service.Visibility.ToString());
        json.WriteEndObject();
    }

    private static void WriteEndpoints(Utf8JsonWriter json, string name, MeshService stored)
    {
        json.WriteStartObject(name);
        foreach (var workload in stored.Workloads)
        {
            json.WriteStartObject(workload.Uid);
            json.WriteString("workloadUid", workload.Uid);
            json.WriteString("service", stored.Key.ToString());
            if (workload.FindService(stored.Key) is { } part) WritePorts(json, "port", part.Ports);
            json.WriteString("status", workload.IsHealthy ? "Healthy" : "Unhealthy");
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WritePorts(Utf8JsonWriter json, string name, ImmutableArray<ServicePort> ports)
    {
        json.WriteStartObject(name);
        foreach (var port in ports) json.WriteNumber(port.Port.ToString(CultureInfo.InvariantCulture), port.TargetPort);
        json.WriteEndObject();
    }

    private static void WriteWaypoints(Utf8JsonWriter json, ImmutableArray<WeightedWaypoint> waypoints)
    {
        json.WriteStartArray("weightedWaypoints");
        foreach (var waypoint in waypoints)
        {
            json.WriteStartObject();
            ConfigDump.WriteGateway(json, "destination", waypoint.Destination);
            json.WriteNumber("weight", waypoint.Weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteBalancing(Utf8JsonWriter json, LoadBalancing balancing)
    {
        json.WriteStartObject("loadBalancer");
        json.WriteString("mode", balancing.Mode == LoadBalancingMode.Unspecified ? "Standard" : balancing.Mode.ToString());
        json.WriteString("healthPolicy", balancing.HealthPolicy.ToString());
        json.WriteStartArray("routingPreferences");
        foreach (var scope in balancing.RoutingPreference) json.WriteStringValue(scope.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string? FamilyOf(IpFamilies families) => families switch
    {
        IpFamilies.Automatic => null,
        IpFamilies.V4Only => "IPv4",
        IpFamilies.V6Only => "IPv6",
        IpFamilies.Dual => "Dual",
    };
}
