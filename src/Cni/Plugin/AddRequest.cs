using System.Net;
using System.Text.Json;

namespace Mesh.Cni.Plugin;

/// <summary>
/// What the plugin asks of the agent for a new pod. The first four members are upstream's, so either plugin can call either agent; the
/// others are ours and may be missing.
/// </summary>
internal sealed record AddRequest(string Netns, string PodName, string PodNamespace, IReadOnlyList<PodAddress> Addresses)
{
    public string PodUid { get; init; } = string.Empty;

    public string ContainerId { get; init; } = string.Empty;

    public string Interface { get; init; } = string.Empty;

    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("Netns"u8, Netns);
            json.WriteString("PodName"u8, PodName);
            json.WriteString("PodNamespace"u8, PodNamespace);
            json.WriteStartArray("IPs"u8);
            foreach (var address in Addresses) WriteAddress(json, address);
            json.WriteEndArray();
            json.WriteString("PodUID"u8, PodUid);
            json.WriteString("ContainerID"u8, ContainerId);
            json.WriteString("IfName"u8, Interface);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    public static bool TryRead(ReadOnlyMemory<byte> bytes, out AddRequest? request)
    {
        request = null;
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return false;
            var addresses = new List<PodAddress>();
            if (root.TryGetProperty("IPs", out var ips) && ips.ValueKind == JsonValueKind.Array)
            {
                foreach (var ip in ips.EnumerateArray())
                {
                    if (TryReadAddress(ip, out var address)) addresses.Add(address);
                }
            }

            request = new AddRequest(Text(root, "Netns"), Text(root, "PodName"), Text(root, "PodNamespace"), addresses)
            {
                PodUid = Text(root, "PodUID"),
                ContainerId = Text(root, "ContainerID"),
                Interface = Text(root, "IfName"),
            };
            return request.Netns.Length > 0 && request.PodName.Length > 0 && request.PodNamespace.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteAddress(Utf8JsonWriter json, PodAddress address)
    {
        json.WriteStartObject();
        json.WriteNumber("Interface"u8, 0);
        json.WriteStartObject("Address"u8);
        json.WriteString("IP"u8, address.Address.ToString());
        json.WriteBase64String("Mask"u8, address.Mask());
        json.WriteEndObject();
        json.WriteString("Gateway"u8, address.Gateway?.ToString() ?? string.Empty);
        json.WriteEndObject();
    }

    private static bool TryReadAddress(JsonElement ip, out PodAddress address)
    {
        address = default;
        if (ip.ValueKind != JsonValueKind.Object || !ip.TryGetProperty("Address", out var inner) || inner.ValueKind != JsonValueKind.Object) return false;
        if (!IPAddress.TryParse(Text(inner, "IP"), out var parsed)) return false;
        var length = 0;
        if (inner.TryGetProperty("Mask", out var mask) && mask.ValueKind == JsonValueKind.String && mask.TryGetBytesFromBase64(out var bits))
        {
            foreach (var part in bits) length += System.Numerics.BitOperations.PopCount(part);
        }

        address = new PodAddress(parsed, length, Gateway: null);
        return true;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;
}
