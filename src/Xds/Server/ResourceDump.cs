using System.Text.Json;
using Google.Protobuf;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Server;

/// <summary>A snapshot as JSON for people: protobuf's own JSON form, addresses as base64. Not for programs compiled ahead of time.</summary>
public static class ResourceDump
{
    /// <summary>Writes the members <c>workloads</c>, <c>services</c> and <c>policies</c> into the open object.</summary>
    public static void Write(Utf8JsonWriter json, ResourceSnapshot snapshot)
    {
        var addresses = snapshot.Addresses.All.OrderBy(r => r.Name, StringComparer.Ordinal).ToList();
        Write(json, "workloads", addresses.Where(r => r.Kind == ResourceKind.Workload), static r => Address.Parser.ParseFrom(r.Value).Workload);
        Write(json, "services", addresses.Where(r => r.Kind == ResourceKind.Service), static r => Address.Parser.ParseFrom(r.Value).Service);
        Write(
            json, "policies", snapshot.Policies.All.OrderBy(r => r.Name, StringComparer.Ordinal),
            static r => Protos.Security.Authorization.Parser.ParseFrom(r.Value));
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<Resource> resources, Func<Resource, IMessage> parse)
    {
        json.WriteStartArray(name);
        foreach (var resource in resources) json.WriteRawValue(JsonFormatter.Default.Format(parse(resource)));
        json.WriteEndArray();
    }
}
