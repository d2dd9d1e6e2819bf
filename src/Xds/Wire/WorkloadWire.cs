using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>istio.workload.Workload to <see cref="Workload"/> and back. Pure; a problem is a text for the rejection.</summary>
internal static class WorkloadWire
{
    private const string DefaultTrustDomain = "cluster.local";

    public static void Encode(ProtoWriter writer, Workload workload)
    {
        writer.Text(1, workload.Name);
        writer.Text(2, workload.Namespace);
        foreach (var address in workload.Addresses) AddressWire.EncodeIp(writer, 3, address);
        writer.Text(4, workload.Network);
        writer.Number(5, (ulong)workload.Protocol);
        if (workload.TrustDomain != DefaultTrustDomain) writer.Text(6, workload.TrustDomain);
        writer.Text(7, workload.ServiceAccount);
        AddressWire.EncodeGateway(writer, 8, workload.Waypoint);
        writer.Text(9, workload.Node);
        writer.Text(10, workload.CanonicalName);
        writer.Text(11, workload.CanonicalRevision);
        writer.Number(12, (ulong)workload.Kind);
        writer.Text(13, workload.WorkloadName);
        writer.Flag(14, workload.NativeTunnel);
        foreach (var policy in workload.AuthorizationPolicies) writer.TextAlways(16, policy);
        writer.Number(17, (ulong)workload.Status);
        writer.Text(18, workload.ClusterId);
        AddressWire.EncodeGateway(writer, 19, workload.NetworkGateway);
        writer.Text(20, workload.Uid);
        writer.Text(21, workload.Hostname);
        foreach (var service in workload.Services) EncodeService(writer, service);
        if (workload.ApplicationTunnel is { } tunnel) EncodeApplicationTunnel(writer, tunnel);
        EncodeLocality(writer, workload.Locality);
        writer.Number(25, (ulong)workload.NetworkMode);
        if (workload.Capacity != 1)
        {
            var start = writer.Begin(27);
            writer.Number(1, workload.Capacity);
            writer.End(start);
        }
    }

    public static string? Decode(ReadOnlySpan<byte> message, WireDecoder shared, string resourceName, out Workload? workload)
    {
        workload = null;
        var draft = new WorkloadDraft();
        var reader = new ProtoReader(message);
        shared.Scratch.Clear();
        while (reader.Next())
        {
            var problem = reader.Kind switch
            {
                WireKind.Varint => ReadNumber(reader, ref draft),
                WireKind.Bytes => ReadBytes(reader, shared, ref draft, resourceName),
                _ => null,
            };
            if (problem is not null) return problem;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (draft.Uid.Length == 0) return Problems.NoUid;
        if (DecodeLists(message, shared, ref draft) is { } listProblem) return listProblem;
        workload = draft.Build();
        return null;
    }

    private static string? ReadNumber(in ProtoReader field, ref WorkloadDraft draft)
    {
        switch (field.Field)
        {
            case 5:
                if (field.Number > (ulong)TunnelProtocol.Hbone) return Problems.UnknownTunnel;
                draft.Protocol = (TunnelProtocol)field.Number;
                break;
            case 12: draft.Kind = AddressWire.Known(field.Number, WorkloadKind.Job, WorkloadKind.Deployment); break;
            case 14: draft.NativeTunnel = field.Number != 0; break;
            // A state we do not know is not one that we send traffic to.
            case 17: draft.Status = AddressWire.Known(field.Number, HealthStatus.Unhealthy, HealthStatus.Unhealthy); break;
            case 25: draft.NetworkMode = AddressWire.Known(field.Number, NetworkMode.HostNetwork, NetworkMode.Standard); break;
            default: break;
        }
        return null;
    }

    private static string? ReadBytes(in ProtoReader field, WireDecoder shared, ref WorkloadDraft draft, string resourceName)
    {
        switch (field.Field)
        {
            case 3:
                if (AddressWire.DecodeIp(field.Bytes) is not { } ip) return Problems.AddressLength;
                draft.Addresses = draft.Addresses.Add(ip);
                return null;
            case 8: return AddressWire.DecodeGateway(field.Bytes, shared, out draft.Waypoint);
            case 19: return AddressWire.DecodeGateway(field.Bytes, shared, out draft.NetworkGateway);
            case 16: draft.HasPolicies = true; return null;
            case 22: draft.HasServices = true; return null;
            case 23: return DecodeApplicationTunnel(field.Bytes, out draft.ApplicationTunnel);
            case 24: return DecodeLocality(field.Bytes, shared, ref draft.Locality);
            case 27: return DecodeCapacity(field.Bytes, out draft.Capacity);
            case 1 or 20 or 21: return ReadOwnText(field, ref draft, resourceName);
            case 2 or 4 or 6 or 7 or 9 or 10 or 11 or 13 or 18: return ReadSharedText(field, shared, ref draft);
            default: return null;
        }
    }

    /// <summary>Texts that hardly any two workloads share; the uid is the resource's name and needs no second copy.</summary>
    private static string? ReadOwnText(in ProtoReader field, ref WorkloadDraft draft, string resourceName)
    {
        if (field.Text() is not { } text) return Problems.NotUtf8;
        switch (field.Field)
        {
            case 1: draft.Name = text; break;
            case 20: draft.Uid = text == resourceName ? resourceName : text; break;
            default: draft.Hostname = text; break;
        }
        return null;
    }

    private static string? ReadSharedText(in ProtoReader field, WireDecoder shared, ref WorkloadDraft draft)
    {
        if (shared.SharedText(field) is not { } text) return Problems.NotUtf8;
        switch (field.Field)
        {
            case 2: draft.Namespace = text; break;
            case 4: draft.Network = text; break;
            case 6: draft.TrustDomain = text.Length == 0 ? DefaultTrustDomain : text; break;
            case 7: draft.ServiceAccount = text.Length == 0 ? "default" : text; break;
            case 9: draft.Node = text; break;
            case 10: draft.CanonicalName = text; break;
            case 11: draft.CanonicalRevision = text; break;
            case 13: draft.WorkloadName = text; break;
            default: draft.ClusterId = text.Length == 0 ? "Kubernetes" : text; break;
        }
        return null;
    }

    /// <summary>Policies and services: replicas of one deployment share the whole list, so it is looked up by its encoding.</summary>
    private static string? DecodeLists(ReadOnlySpan<byte> message, WireDecoder shared, ref WorkloadDraft draft)
    {
        if (draft.HasPolicies)
        {
            var encoding = Gather(message, 16, shared.Scratch);
            if (!shared.PolicySets.TryFind(encoding, out draft.Policies))
            {
                var builder = ImmutableArray.CreateBuilder<string>();
                var reader = new ProtoReader(encoding);
                while (reader.Next())
                {
                    if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
                    builder.Add(text);
                }
                draft.Policies = builder.ToImmutable();
                shared.PolicySets.Add(encoding, draft.Policies);
            }
        }
        if (!draft.HasServices) return null;
        var services = Gather(message, 22, shared.Scratch);
        return shared.ServiceSets.TryFind(services, out draft.Services) ? null : DecodeServices(services, shared, out draft.Services);
    }

    private static ReadOnlySpan<byte> Gather(ReadOnlySpan<byte> message, int field, ProtoWriter scratch)
    {
        scratch.Clear();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(field)) scratch.Bytes(field, reader.Bytes);
        }
        return scratch.Written;
    }

    private static string? DecodeServices(ReadOnlySpan<byte> entries, WireDecoder shared, out ImmutableArray<WorkloadService> services)
    {
        services = [];
        var builder = ImmutableArray.CreateBuilder<WorkloadService>();
        var reader = new ProtoReader(entries);
        while (reader.Next())
        {
            if (!shared.Services.TryFind(reader.Bytes, out var service))
            {
                if (DecodeService(reader.Bytes, shared, out service) is { } problem) return problem;
                shared.Services.Add(reader.Bytes, service!);
            }
            builder.Add(service!);
        }
        services = builder.ToImmutable();
        shared.ServiceSets.Add(entries, services);
        return null;
    }

    private static string? DecodeService(ReadOnlySpan<byte> entry, WireDecoder shared, out WorkloadService? service)
    {
        service = null;
        var key = "";
        var ports = ImmutableArray.CreateBuilder<ServicePort>();
        var reader = new ProtoReader(entry);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
                key = text;
            }
            else if (reader.IsBytes(2))
            {
                var list = new ProtoReader(reader.Bytes);
                while (list.Next())
                {
                    if (!list.IsBytes(1)) continue;
                    if (AddressWire.DecodePort(list.Bytes, out var port) is { } problem) return problem;
                    ports.Add(port);
                }
                if (list.Malformed) return Problems.Malformed;
            }
        }
        if (reader.Malformed) return Problems.Malformed;
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return Problems.ServiceKey;
        service = new WorkloadService(new NamespacedHostname(key[..slash], key[(slash + 1)..]), ports.ToImmutable());
        return null;
    }

    private static void EncodeService(ProtoWriter writer, WorkloadService service)
    {
        var entry = writer.Begin(22);
        writer.TextAlways(1, service.Service.ToString());
        var list = writer.Begin(2);
        foreach (var port in service.Ports) AddressWire.EncodePort(writer, 1, port);
        writer.End(list);
        writer.End(entry);
    }

    private static string? DecodeApplicationTunnel(ReadOnlySpan<byte> message, out ApplicationTunnel? tunnel)
    {
        tunnel = null;
        ulong protocol = 0, port = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsNumber(1)) protocol = reader.Number;
            else if (reader.IsNumber(2)) port = reader.Number;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (port > ushort.MaxValue) return Problems.PortRange;
        tunnel = new ApplicationTunnel(
            AddressWire.Known(protocol, ApplicationTunnelProtocol.Proxy, ApplicationTunnelProtocol.None), (ushort)port);
        return null;
    }

    private static void EncodeApplicationTunnel(ProtoWriter writer, ApplicationTunnel tunnel)
    {
        var start = writer.Begin(23);
        writer.Number(1, (ulong)tunnel.Protocol);
        writer.Number(2, tunnel.Port);
        writer.End(start);
    }

    private static string? DecodeLocality(ReadOnlySpan<byte> message, WireDecoder shared, ref Locality locality)
    {
        if (shared.Localities.TryFind(message, out var known))
        {
            locality = known;
            return null;
        }
        string region = "", zone = "", subzone = "";
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.Kind != WireKind.Bytes) continue;
            if (shared.SharedText(reader) is not { } text) return Problems.NotUtf8;
            if (reader.Field == 1) region = text;
            else if (reader.Field == 2) zone = text;
            else if (reader.Field == 3) subzone = text;
        }
        if (reader.Malformed) return Problems.Malformed;
        locality = new Locality(region, zone, subzone);
        shared.Localities.Add(message, locality);
        return null;
    }

    private static void EncodeLocality(ProtoWriter writer, Locality locality)
    {
        if (locality == Locality.Unknown) return;
        var start = writer.Begin(24);
        writer.Text(1, locality.Region);
        writer.Text(2, locality.Zone);
        writer.Text(3, locality.Subzone);
        writer.End(start);
    }

    private static string? DecodeCapacity(ReadOnlySpan<byte> message, out uint capacity)
    {
        capacity = 0; // The wrapper is present, so an absent value is zero.
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsNumber(1)) capacity = (uint)reader.Number;
        }
        return reader.Malformed ? Problems.Malformed : null;
    }
}
