using System.Buffers;
using System.Text;
using System.Text.Json;
using Mesh.Inpod;
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
    public static async Task<ReadOnlyMemory<byte>> RenderAsync(
        ProxyContext context, IReadOnlyCollection<PodProxy> pods, IReadOnlyCollection<PendingPod> pending)
    {
        var connections = await CollectAsync(pods);
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        var mesh = context.Mesh.Current;
        json.WriteStartObject();
        json.WriteStartArray("workloads");
        foreach (var workload in mesh.Workloads) WriteWorkload(json, workload);
        json.WriteEndArray();
        ServiceDump.Write(json, mesh);
        json.WriteStartArray("policies");
        foreach (var policy in mesh.Policies.All) PolicyDump.Write(json, policy);
        json.WriteEndArray();
        WriteCertificates(json, context.Certificates);
        WritePods(json, pods, pending, connections);
        WriteStatic(json, context.Options);
        ConfigPart.Write(json, context.Options);
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
        json.WriteString("hostname", shape.Hostname);
        json.WriteString("networkMode", shape.NetworkMode.ToString());
        if (shape.ApplicationTunnel is { } tunnel)
        {
            json.WriteStartObject("applicationTunnel");
            json.WriteString("protocol", tunnel.Protocol == ApplicationTunnelProtocol.Proxy ? "PROXY" : "NONE");
            if (tunnel.Port > 0) json.WriteNumber("port", tunnel.Port);
            json.WriteEndObject();
        }

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

    internal static void WriteGateway(Utf8JsonWriter json, string name, GatewayAddress? gateway)
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

    private static void WritePods(
        Utf8JsonWriter json,
        IReadOnlyCollection<PodProxy> pods,
        IReadOnlyCollection<PendingPod> pending,
        Dictionary<PodProxy, List<ConnectionDump>> connections)
    {
        json.WriteStartObject("workloadState");
        foreach (var pod in pending)
        {
            json.WriteStartObject(pod.Uid);
            json.WriteString("state", "Pending");
            WriteInfo(json, pod.Info);
            json.WriteEndObject();
        }

        foreach (var pod in pods)
        {
            json.WriteStartObject(pod.Uid);
            json.WriteString("state", "Up");
            WriteInfo(json, pod.Info);
            json.WriteStartObject("connections");
            ConnectionDump.Write(json, "inbound", connections[pod].Where(static c => !c.IsOutbound));
            ConnectionDump.Write(json, "outbound", connections[pod].Where(static c => c.IsOutbound));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteInfo(Utf8JsonWriter json, PodInfo info)
    {
        json.WriteStartObject("info");
        json.WriteString("name", info.Name);
        json.WriteString("namespace", info.Namespace);
        json.WriteString("serviceAccount", info.ServiceAccount);
        json.WriteEndObject();
    }

    /// <summary>What came from a local file: the mesh above holds it too, so only where it came from is told.</summary>
    private static void WriteStatic(Utf8JsonWriter json, ZtunnelOptions options)
    {
        json.WriteStartObject("staticConfig");
        json.WriteString("localXdsPath", options.LocalXdsPath);
        json.WriteBoolean("localXds", options.LocalXds is not null);
        json.WriteEndObject();
    }
}
