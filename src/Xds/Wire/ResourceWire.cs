using Mesh.Model;

namespace Mesh.Xds.Wire;

/// <summary>What stands inside a resource's Any: an Address or an Authorization. Pure.</summary>
internal static class ResourceWire
{
    private const int WorkloadField = 1;
    private const int ServiceField = 2;

    public static byte[] Encode(Workload workload, ProtoWriter writer)
    {
        writer.Clear();
        var start = writer.Begin(WorkloadField);
        WorkloadWire.Encode(writer, workload);
        writer.End(start);
        return writer.Written.ToArray();
    }

    public static byte[] Encode(Service service, ProtoWriter writer)
    {
        writer.Clear();
        var start = writer.Begin(ServiceField);
        ServiceWire.Encode(writer, service);
        writer.End(start);
        return writer.Written.ToArray();
    }

    public static byte[] Encode(AuthorizationPolicy policy, ProtoWriter writer)
    {
        writer.Clear();
        PolicyWire.Encode(writer, policy);
        return writer.Written.ToArray();
    }

    /// <summary>Decodes istio.workload.Address: exactly one of the two results is set when there is no problem.</summary>
    public static string? DecodeAddress(
        ReadOnlySpan<byte> message, WireDecoder shared, string resourceName, out Workload? workload, out Service? service)
    {
        workload = null;
        service = null;
        var field = 0;
        ReadOnlySpan<byte> body = default;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (!reader.IsBytes(WorkloadField) && !reader.IsBytes(ServiceField)) continue;
            field = reader.Field; // The last member of a oneof wins.
            body = reader.Bytes;
        }
        if (reader.Malformed) return Problems.Malformed;
        return field switch
        {
            WorkloadField => WorkloadWire.Decode(body, shared, resourceName, out workload),
            ServiceField => ServiceWire.Decode(body, shared, out service),
            _ => Problems.EmptyAddress,
        };
    }
}
