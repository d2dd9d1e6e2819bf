using System.Collections.Immutable;
using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>istio.workload.Service to <see cref="Service"/> and back. Pure; a problem is a text for the rejection.</summary>
internal static class ServiceWire
{
    public static void Encode(ProtoWriter writer, Service service)
    {
        writer.Text(1, service.Name);
        writer.Text(2, service.Namespace);
        writer.Text(3, service.Hostname);
        foreach (var address in service.Addresses) AddressWire.EncodeVirtual(writer, 4, address);
        foreach (var port in service.Ports) AddressWire.EncodePort(writer, 5, port);
        foreach (var name in service.SubjectAltNames) writer.TextAlways(6, name);
        AddressWire.EncodeGateway(writer, 7, service.Waypoint);
        if (service.LoadBalancing is { } loadBalancing) EncodeLoadBalancing(writer, loadBalancing);
        writer.Number(9, (ulong)service.IpFamilies);
        writer.Flag(11, service.Canonical);
        writer.Flag(12, service.IngressUseWaypoint);
        foreach (var weighted in service.WeightedWaypoints)
        {
            var start = writer.Begin(13);
            AddressWire.EncodeGateway(writer, 1, weighted.Destination);
            writer.Number(2, weighted.Weight);
            writer.End(start);
        }
        writer.Number(14, (ulong)service.Visibility);
    }

    public static string? Decode(ReadOnlySpan<byte> message, WireDecoder shared, out Service? service)
    {
        service = null;
        var draft = new Service { Name = "", Namespace = "", Hostname = "" };
        var lists = new ServiceLists();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            var problem = reader.Kind switch
            {
                WireKind.Bytes when reader.Field <= 3 => ReadText(reader, shared, ref draft),
                WireKind.Bytes => ReadMessage(reader, shared, ref draft, lists),
                WireKind.Varint => ReadNumber(reader, ref draft),
                _ => null,
            };
            if (problem is not null) return problem;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (draft.Hostname.Length == 0) return Problems.NoHostname;
        service = draft with
        {
            Addresses = lists.Addresses.ToImmutable(),
            Ports = lists.Ports.ToImmutable(),
            SubjectAltNames = lists.SubjectAltNames.ToImmutable(),
            WeightedWaypoints = lists.Waypoints.ToImmutable(),
        };
        return null;
    }

    private static string? ReadText(in ProtoReader field, WireDecoder shared, ref Service draft)
    {
        if (shared.SharedText(field) is not { } text) return Problems.NotUtf8;
        draft = field.Field switch
        {
            1 => draft with { Name = text },
            2 => draft with { Namespace = text },
            _ => draft with { Hostname = text },
        };
        return null;
    }

    private static string? ReadMessage(in ProtoReader field, WireDecoder shared, ref Service draft, ServiceLists lists)
    {
        string? problem = null;
        switch (field.Field)
        {
            case 4:
                problem = AddressWire.DecodeVirtual(field.Bytes, shared, out var address);
                if (problem is null) lists.Addresses.Add(address);
                break;
            case 5:
                problem = AddressWire.DecodePort(field.Bytes, out var port);
                if (problem is null) lists.Ports.Add(port);
                break;
            case 6:
                if (shared.SharedText(field) is not { } name) return Problems.NotUtf8;
                lists.SubjectAltNames.Add(name);
                break;
            case 7:
                problem = AddressWire.DecodeGateway(field.Bytes, shared, out var waypoint);
                draft = draft with { Waypoint = waypoint };
                break;
            case 8:
                problem = DecodeLoadBalancing(field.Bytes, out var loadBalancing);
                draft = draft with { LoadBalancing = loadBalancing };
                break;
            case 13:
                problem = DecodeWeighted(field.Bytes, shared, out var weighted);
                if (weighted is not null) lists.Waypoints.Add(weighted);
                break;
            default: break;
        }
        return problem;
    }

    private static string? ReadNumber(in ProtoReader field, ref Service draft)
    {
        draft = field.Field switch
        {
            9 => draft with { IpFamilies = AddressWire.Known(field.Number, IpFamilies.Dual, IpFamilies.Automatic) },
            11 => draft with { Canonical = field.Number != 0 },
            12 => draft with { IngressUseWaypoint = field.Number != 0 },
            14 => draft with { Visibility = AddressWire.Known(field.Number, ServiceVisibility.Namespace, ServiceVisibility.Public) },
            _ => draft,
        };
        return null;
    }

    private static string? DecodeWeighted(ReadOnlySpan<byte> message, WireDecoder shared, out WeightedWaypoint? weighted)
    {
        weighted = null;
        GatewayAddress? destination = null;
        uint weight = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsBytes(1))
            {
                if (AddressWire.DecodeGateway(reader.Bytes, shared, out destination) is { } problem) return problem;
            }
            else if (reader.IsNumber(2)) weight = (uint)reader.Number;
        }
        if (reader.Malformed) return Problems.Malformed;
        if (destination is null) return Problems.GatewayDestination;
        weighted = new WeightedWaypoint(destination, weight);
        return null;
    }

    private static string? DecodeLoadBalancing(ReadOnlySpan<byte> message, out LoadBalancing? loadBalancing)
    {
        loadBalancing = null;
        var scopes = ImmutableArray.CreateBuilder<LoadBalancingScope>();
        ulong mode = 0, health = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.IsNumber(1)) AddScope(scopes, reader.Number);
            else if (reader.IsNumber(2)) mode = reader.Number;
            else if (reader.IsNumber(3)) health = reader.Number;
            else if (reader.IsBytes(1))
            {
                var packed = reader.Bytes;
                bool malformed;
                while (ProtoReader.TryTakePacked(ref packed, out var scope, out malformed)) AddScope(scopes, scope);
                if (malformed) return Problems.Malformed;
            }
        }
        if (reader.Malformed) return Problems.Malformed;
        loadBalancing = new LoadBalancing(
            AddressWire.Known(mode, LoadBalancingMode.Passthrough, LoadBalancingMode.Unspecified),
            scopes.ToImmutable(),
            AddressWire.Known(health, HealthPolicy.AllowAll, HealthPolicy.OnlyHealthy));
        return null;
    }

    /// <summary>A scope of a newer schema is left out: the known ones keep their order.</summary>
    private static void AddScope(ImmutableArray<LoadBalancingScope>.Builder scopes, ulong number)
    {
        if (number is > 0 and <= (ulong)LoadBalancingScope.Network) scopes.Add((LoadBalancingScope)number);
    }

    private static void EncodeLoadBalancing(ProtoWriter writer, LoadBalancing loadBalancing)
    {
        var start = writer.Begin(8);
        if (loadBalancing.RoutingPreference.Length > 0)
        {
            var packed = writer.Begin(1);
            foreach (var scope in loadBalancing.RoutingPreference) writer.Varint((ulong)scope);
            writer.End(packed);
        }
        writer.Number(2, (ulong)loadBalancing.Mode);
        writer.Number(3, (ulong)loadBalancing.HealthPolicy);
        writer.End(start);
    }

    /// <summary>The repeated fields of a service while they arrive.</summary>
    private sealed class ServiceLists
    {
        public ImmutableArray<VirtualAddress>.Builder Addresses { get; } = ImmutableArray.CreateBuilder<VirtualAddress>();
        public ImmutableArray<ServicePort>.Builder Ports { get; } = ImmutableArray.CreateBuilder<ServicePort>();
        public ImmutableArray<string>.Builder SubjectAltNames { get; } = ImmutableArray.CreateBuilder<string>();
        public ImmutableArray<WeightedWaypoint>.Builder Waypoints { get; } = ImmutableArray.CreateBuilder<WeightedWaypoint>();
    }
}
