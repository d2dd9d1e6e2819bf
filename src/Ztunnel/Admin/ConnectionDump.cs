using System.Text.Json;
using Mesh.Model;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Admin;

/// <summary>A live connection as the admin pages show it; a copy, for the connection belongs to its loop.</summary>
internal readonly record struct ConnectionDump(bool IsOutbound, IpPort Source, IpPort Asked, IpPort Destination, bool IsMutualTls)
{
    public static ConnectionDump Of(LiveConnection connection) => new(
        connection.Direction == Direction.Outbound, connection.Source, connection.Asked, connection.Destination, connection.IsMutualTls);

    public static void Write(Utf8JsonWriter json, string name, IEnumerable<ConnectionDump> connections)
    {
        json.WriteStartArray(name);
        foreach (var connection in connections)
        {
            json.WriteStartObject();
            json.WriteString("src", connection.Source.ToString());
            json.WriteString("originalDst", connection.Asked.ToString());
            json.WriteString("actualDst", connection.Destination.ToString());
            json.WriteString("protocol", connection.IsMutualTls ? "HBONE" : "TCP");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
