using System.Buffers;
using System.Text;
using System.Text.Json;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Options;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>The <c>/config_dump</c> page, in the shape that tools for upstream's proxy read.</summary>
internal static class ConfigDump
{
    public static async Task<ReadOnlyMemory<byte>> RenderAsync(ProxyContext context, IReadOnlyCollection<PodProxy> pods)
    {
        var connections = await CollectAsync(pods);
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        var mesh = context.Mesh.Current;
        json.WriteStartObject();
        json.WriteStartArray("workloads");
        foreach (var workload in mesh.Workloads) WriteWorkload(json, workload);
        json.WriteEndArray();
        json.WriteStartArray("services");
        foreach (var service in mesh.Services)
        {
            if (service.Service is not null) WriteService(json, service);
        }

        json.WriteEndArray();
        json.WriteStartArray("policies");
        foreach (var policy in mesh.Policies.All) PolicyDump.Write(json, policy);
        json.WriteEndArray();
        json.WriteStartArray("stagedServices");
        foreach (var service in mesh.Services.Where(static s => s.Service is null)) json.WriteStringValue(service.Key.ToString());
        json.WriteEndArray();
        WriteCertificates(json, context.Certificates);
        WritePods(json, pods, connections);
        WriteConfig(json, context.Options);
        json.WriteEndObject();
        await json.FlushAsync();
        return buffer.WrittenMemory;
    }

    private static async Task<Dictionary<PodProxy, List<ConnectionDump>>> CollectAsync(IReadOnlyCollection<PodProxy> pods)
    {
        var all = new Dictionary<PodProxy, List<ConnectionDump>>();
        foreach (var pod in pods) all[pod] = [];
        foreach (var worker in pods.SelectMany(static pod => pod.Lanes).Select(static lane => lane.Worker).Distinct())
        {
            var found = await worker.Loop.InvokeAsync(() =>
            {
                var live = new List<(PodProxy Pod, ConnectionDump Connection)>();
                worker.Live.Each(static (connection, into) => into.Add((connection.Lane.Pod, ConnectionDump.Of(connection))), live);
                return Task.FromResult(live);
            });
            foreach (var (pod, connection) in found)
            {
                if (all.TryGetValue(pod, out var list)) list.Add(connection);
            }
        }

        return all;
    }

    private static void WriteWorkload(Utf8JsonWriter json, MeshWorkload workload)
    {
        var shape = workload.Shape;
        json.WriteStartObject();
        json.WriteStartArray("workloadIps");
        for (var i = 0; i < workload.AddressCount; i++) json.WriteStringValue(workload.AddressAt(i).ToString());
        json.WriteEndArray();
        WriteGateway(json, "waypoint", shape.Waypoint);
        WriteGateway(json, "networkGateway", shape.NetworkGateway);
        json.WriteString("protocol", workload.AcceptsHbone ? "HBONE" : "TCP");
        json.WriteString("uid", workload.Uid);
        json.WriteString("name", workload.Name);
        json.WriteString("namespace", workload.Namespace);
        json.WriteString("trustDomain", workload.Identity.TrustDomain);
        json.WriteString("serviceAccount", workload.Identity.ServiceAccount);
        json.WriteString("network", workload.Network);
        json.WriteString("workloadName", shape.WorkloadName);
        json.WriteString("workloadType", shape.Kind.ToString().ToLowerInvariant());
        json.WriteString("canonicalName", shape.CanonicalName);
        json.WriteString("canonicalRevision", shape.CanonicalRevision);
        json.WriteString("node", workload.Node);
        json.WriteString("clusterId", shape.ClusterId);
        json.WriteString("status", workload.IsHealthy ? "Healthy" : "Unhealthy");
        json.WriteNumber("capacity", shape.Capacity);
        json.WriteBoolean("nativeTunnel", shape.NativeTunnel);
        json.WriteStartArray("authorizationPolicies");
        foreach (var policy in shape.AuthorizationPolicies) json.WriteStringValue(policy);
        json.WriteEndArray();
        json.WriteStartObject("locality");
        json.WriteString("region", shape.Locality.Region);
        json.WriteString("zone", shape.Locality.Zone);
        json.WriteString("subzone", shape.Locality.Subzone);
        json.WriteEndObject();
        json.WriteStartArray("services");
        foreach (var part in shape.Services) json.WriteStringValue(part.Service.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteService(Utf8JsonWriter json, MeshService stored)
    {
        var service = stored.Service!;
        json.WriteStartObject();
        json.WriteString("name", service.Name);
        json.WriteString("namespace", service.Namespace);
        json.WriteString("hostname", service.Hostname);
        json.WriteStartArray("vips");
        foreach (var address in service.Addresses) json.WriteStringValue(address.ToString());
        json.WriteEndArray();
        json.WriteStartObject("ports");
        foreach (var port in service.Ports) json.WriteNumber(port.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), port.TargetPort);
        json.WriteEndObject();
        json.WriteStartArray("subjectAltNames");
        foreach (var name in service.SubjectAltNames) json.WriteStringValue(name);
        json.WriteEndArray();
        WriteGateway(json, "waypoint", service.Waypoint);
        json.WriteStartObject("endpoints");
        foreach (var workload in stored.Workloads)
        {
            json.WriteStartObject(workload.Uid);
            json.WriteString("workloadUid", workload.Uid);
            json.WriteString("status", workload.IsHealthy ? "Healthy" : "Unhealthy");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (service.LoadBalancing is { } balancing)
        {
            json.WriteStartObject("loadBalancer");
            json.WriteString("mode", balancing.Mode == LoadBalancingMode.Unspecified ? "Standard" : balancing.Mode.ToString());
            json.WriteString("healthPolicy", balancing.HealthPolicy.ToString());
            json.WriteStartArray("routingPreferences");
            foreach (var scope in balancing.RoutingPreference) json.WriteStringValue(scope.ToString());
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteBoolean("canonical", service.Canonical);
        json.WriteEndObject();
    }

    private static void WriteGateway(Utf8JsonWriter json, string name, GatewayAddress? gateway)
    {
        if (gateway is null) return;
        json.WriteStartObject(name);
        json.WriteString("destination", gateway.Hostname?.ToString() ?? gateway.Address?.ToString());
        json.WriteNumber("hboneMtlsPort", gateway.HboneMtlsPort);
        json.WriteEndObject();
    }

    private static void WriteCertificates(Utf8JsonWriter json, CertificateStore certificates)
    {
        json.WriteStartArray("certificates");
        foreach (var entry in certificates.Entries)
        {
            json.WriteStartObject();
            json.WriteString("identity", entry.Id.ToString());
            json.WriteString("state", entry.State.ToString());
            if (entry.Problem is { } problem) json.WriteString("problem", problem);
            WriteChain(json, "certChain", entry.Identity?.Svid.Chain ?? []);
            WriteChain(json, "rootCerts", entry.Identity?.Roots.Roots ?? []);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteChain(Utf8JsonWriter json, string name, System.Collections.Immutable.ImmutableArray<ReadOnlyMemory<byte>> chain)
    {
        json.WriteStartArray(name);
        foreach (var der in chain)
        {
            if (Identity.CertificateFacts.TryRead(der) is not { } facts) continue;
            var pem = System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", der.Span);
            json.WriteStartObject();
            json.WriteBase64String("pem", Encoding.ASCII.GetBytes(pem));
            json.WriteString("serialNumber", facts.SerialNumber.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("validFrom", facts.NotBefore.UtcDateTime);
            json.WriteString("expirationTime", facts.NotAfter.UtcDateTime);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePods(Utf8JsonWriter json, IReadOnlyCollection<PodProxy> pods, Dictionary<PodProxy, List<ConnectionDump>> connections)
    {
        json.WriteStartObject("workloadState");
        foreach (var pod in pods)
        {
            json.WriteStartObject(pod.Uid);
            json.WriteString("state", "Up");
            json.WriteStartObject("info");
            json.WriteString("name", pod.Info.Name);
            json.WriteString("namespace", pod.Info.Namespace);
            json.WriteString("serviceAccount", pod.Info.ServiceAccount);
            json.WriteEndObject();
            json.WriteStartObject("connections");
            ConnectionDump.Write(json, "inbound", connections[pod].Where(static c => !c.IsOutbound));
            ConnectionDump.Write(json, "outbound", connections[pod].Where(static c => c.IsOutbound));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteConfig(Utf8JsonWriter json, ZtunnelOptions options)
    {
        json.WriteStartObject("version");
        json.WriteString("version", options.Version);
        json.WriteEndObject();
        json.WriteStartObject("config");
        json.WriteString("proxyMode", options.Mode.ToString());
        json.WriteString("localNode", options.NodeName);
        json.WriteString("clusterId", options.ClusterId);
        json.WriteString("clusterDomain", options.ClusterDomain);
        json.WriteString("network", options.Network);
        json.WriteNumber("numWorkerThreads", options.Workers);
        json.WriteString("xdsAddress", options.Xds?.Address.ToString());
        json.WriteString("caAddress", options.Ca?.Address.ToString());
        json.WriteBoolean("fakeCa", options.FakeCa);
        json.WriteNumber("poolMaxStreamsPerConn", options.StreamsPerTunnelMax);
        json.WriteString("secretTtl", options.SecretTtl.ToString());
        json.WriteString("selfTerminationDeadline", options.DrainDeadline.ToString());
        json.WriteEndObject();
    }
}
