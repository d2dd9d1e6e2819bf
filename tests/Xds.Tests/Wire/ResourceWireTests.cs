using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Mesh.Model;
using Mesh.Xds.Wire;
using Proto = Mesh.Xds.Protos;

namespace Mesh.Xds.Tests.Wire;

public sealed class ResourceWireTests
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Converters = { new IpText(), new JsonStringEnumConverter() } };
    private readonly ProtoWriter _writer = new();
    private readonly WireDecoder _decoder = new();

    [Fact]
    public void A_workload_survives_the_wire_with_every_field()
    {
        var bytes = ResourceWire.Encode(Samples.Workload, _writer);

        Assert.Null(ResourceWire.DecodeAddress(bytes, _decoder, "any", out var workload, out var service));

        Assert.Null(service);
        Assert.Equal(Text(Samples.Workload), Text(workload));
    }

    [Fact]
    public void A_service_survives_the_wire_with_every_field()
    {
        var bytes = ResourceWire.Encode(Samples.Service, _writer);

        Assert.Null(ResourceWire.DecodeAddress(bytes, _decoder, "any", out var workload, out var service));

        Assert.Null(workload);
        Assert.Equal(Text(Samples.Service), Text(service));
    }

    [Fact]
    public void A_policy_survives_the_wire_with_every_field()
    {
        var bytes = ResourceWire.Encode(Samples.Policy, _writer);

        Assert.Null(PolicyWire.Decode(bytes, _decoder, out var policy));

        Assert.Equal(Text(Samples.Policy), Text(policy));
    }

    [Fact]
    public void Our_encoding_is_what_the_schema_says()
    {
        // The generated classes are the schema's word: they must read all we wrote, keep nothing unknown, and write the same bytes.
        var workload = ResourceWire.Encode(Samples.Workload, _writer);
        var service = ResourceWire.Encode(Samples.Service, _writer);
        var policy = ResourceWire.Encode(Samples.Policy, _writer);

        Assert.Equal(workload, Proto.Address.Parser.ParseFrom(workload).ToByteArray());
        Assert.Equal(service, Proto.Address.Parser.ParseFrom(service).ToByteArray());
        Assert.Equal(policy, Proto.Security.Authorization.Parser.ParseFrom(policy).ToByteArray());
        var read = Proto.Address.Parser.ParseFrom(workload).Workload;
        Assert.Equal("cart-deployment", read.WorkloadName);
        Assert.Equal(300u, read.Capacity);
        Assert.Equal(8443u, read.Services["shop/cart.shop.svc.cluster.local"].Ports[1].TargetPort);
        Assert.Equal(15088u, read.ApplicationTunnel.Port);
        Assert.DoesNotContain("unknown", Proto.Address.Parser.WithDiscardUnknownFields(true).ParseFrom(workload).ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(workload.Length, Proto.Address.Parser.WithDiscardUnknownFields(true).ParseFrom(workload).CalculateSize());
        Assert.Equal(service.Length, Proto.Address.Parser.WithDiscardUnknownFields(true).ParseFrom(service).CalculateSize());
        Assert.Equal(policy.Length, Proto.Security.Authorization.Parser.WithDiscardUnknownFields(true).ParseFrom(policy).CalculateSize());
    }

    [Fact]
    public void Absent_fields_take_the_defaults_of_the_mesh()
    {
        var bytes = new Proto.Address { Workload = new Proto.Workload { Uid = "a" } }.ToByteArray();

        Assert.Null(ResourceWire.DecodeAddress(bytes, _decoder, "a", out var workload, out _));

        Assert.Equal("cluster.local", workload!.TrustDomain);
        Assert.Equal("default", workload.ServiceAccount);
        Assert.Equal("Kubernetes", workload.ClusterId);
        Assert.Equal(1u, workload.Capacity);
    }

    [Fact]
    public void A_capacity_of_zero_is_not_an_absent_capacity()
    {
        var bytes = new Proto.Address { Workload = new Proto.Workload { Uid = "a", Capacity = 0 } }.ToByteArray();

        Assert.Null(ResourceWire.DecodeAddress(bytes, _decoder, "a", out var workload, out _));

        Assert.Equal(0u, workload!.Capacity);
    }

    [Theory]
    [InlineData("uid", "a workload needs a uid")]
    [InlineData("address", "an IP address must have 4 or 16 bytes")]
    [InlineData("tunnel", "unknown tunnel protocol")]
    [InlineData("legacy", "unknown tunnel protocol")]
    [InlineData("port", "a port is above 65535")]
    [InlineData("service", "a service key must be namespace/hostname")]
    [InlineData("gateway", "a gateway needs a host name or an address")]
    [InlineData("none", "an address is neither a workload nor a service")]
    public void A_resource_that_cannot_be_understood_is_refused_with_its_reason(string what, string reason)
    {
        var workload = new Proto.Workload { Uid = "a" };
        var address = new Proto.Address { Workload = workload };
        switch (what)
        {
            case "uid": workload.Uid = ""; break;
            case "address": workload.Addresses.Add(ByteString.CopyFrom(1, 2, 3)); break;
            case "tunnel": workload.TunnelProtocol = (Proto.TunnelProtocol)9; break;
            case "legacy": workload.TunnelProtocol = Proto.TunnelProtocol.LegacyIstioMtls; break;
            case "port": workload.Services["a/b"] = new Proto.PortList { Ports = { new Proto.Port { ServicePort = 70000 } } }; break;
            case "service": workload.Services["nohost"] = new Proto.PortList(); break;
            case "gateway": workload.Waypoint = new Proto.GatewayAddress { HboneMtlsPort = 1 }; break;
            default: address = new Proto.Address(); break;
        }

        Assert.Equal(reason, ResourceWire.DecodeAddress(address.ToByteArray(), _decoder, "a", out var decoded, out _));
        Assert.Null(decoded);
    }

    [Fact]
    public void Values_of_a_newer_schema_are_tolerated_where_guessing_is_safe()
    {
        var workload = new Proto.Workload { Uid = "a", WorkloadType = (Proto.WorkloadType)77, Status = (Proto.WorkloadStatus)77 };
        var service = new Proto.Service { Hostname = "h", Visibility = (Proto.Visibility)9, IpFamilies = (Proto.IPFamilies)9, LoadBalancing = new() };
        service.LoadBalancing.RoutingPreference.Add([(Proto.LoadBalancing.Types.Scope)99, Proto.LoadBalancing.Types.Scope.Zone]);

        Assert.Null(ResourceWire.DecodeAddress(new Proto.Address { Workload = workload }.ToByteArray(), _decoder, "a", out var w, out _));
        Assert.Null(ResourceWire.DecodeAddress(new Proto.Address { Service = service }.ToByteArray(), _decoder, "a", out _, out var s));

        Assert.Equal(HealthStatus.Unhealthy, w!.Status);
        Assert.Equal(ServiceVisibility.Public, s!.Visibility);
        Assert.Equal([LoadBalancingScope.Zone], s.LoadBalancing!.RoutingPreference);
    }

    [Fact]
    public void No_truncation_or_flipped_bit_does_more_than_refuse_the_resource()
    {
        foreach (var bytes in new[] { ResourceWire.Encode(Samples.Workload, _writer), ResourceWire.Encode(Samples.Service, _writer) })
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.NotNull(ResourceWire.DecodeAddress(bytes.AsSpan(0, length), _decoder, "a", out _, out _));
            }
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = (byte[])bytes.Clone();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                ResourceWire.DecodeAddress(flipped, _decoder, "a", out _, out _);
            }
        }
        var policy = ResourceWire.Encode(Samples.Policy, _writer);
        for (var length = 0; length < policy.Length; length++) PolicyWire.Decode(policy.AsSpan(0, length), _decoder, out _);
    }

    [Fact]
    public void Replicas_share_what_they_have_in_common()
    {
        ResourceWire.DecodeAddress(ResourceWire.Encode(Samples.Workload, _writer), _decoder, "a", out var first, out _);
        ResourceWire.DecodeAddress(ResourceWire.Encode(Samples.Workload with { Name = "cart-1" }, _writer), _decoder, "b", out var second, out _);

        Assert.Same(first!.Namespace, second!.Namespace);
        Assert.Same(first.Node, second.Node);
        Assert.Same(first.Waypoint, second.Waypoint);
        Assert.Same(first.Locality, second.Locality);
        Assert.True(first.Services == second.Services);
        Assert.True(first.AuthorizationPolicies == second.AuthorizationPolicies);
    }

    [Fact]
    public void A_hundred_thousand_workloads_are_decoded_into_little_memory()
    {
        const int Count = 100_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var kept = new Workload[Count];
        for (var i = 0; i < Count; i++)
        {
            var uid = $"Kubernetes//Pod/namespace-{i % 100}/deployment-{i % 2000}-6d4cf56db6-{i:x5}";
            var workload = Samples.Workload with
            {
                Uid = uid,
                Name = uid[(uid.LastIndexOf('/') + 1)..],
                Hostname = "",
                Addresses = [new System.Net.IPAddress(i + 1L)],
                Namespace = $"namespace-{i % 100}",
                Node = $"node-{i % 500}",
            };
            ResourceWire.DecodeAddress(ResourceWire.Encode(workload, _writer), _decoder, uid, out var decoded, out _);
            kept[i] = decoded!;
        }

        var bytesEach = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;

        Assert.InRange(bytesEach, 1, 620);
        Assert.NotNull(kept[Count - 1]);
    }

    private static string Text(object? value) => JsonSerializer.Serialize(value, Json);

    private sealed class IpText : JsonConverter<System.Net.IPAddress>
    {
        public override System.Net.IPAddress Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            System.Net.IPAddress.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, System.Net.IPAddress value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
