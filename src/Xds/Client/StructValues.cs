using System.Text.Json;
using Google.Protobuf.WellKnownTypes;

namespace Mesh.Xds.Client;

/// <summary>JSON to google.protobuf.Value. Pure.</summary>
internal static class StructValues
{
    public static Value From(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => Value.ForStruct(FromObject(json)),
        JsonValueKind.Array => Value.ForList([.. json.EnumerateArray().Select(From)]),
        JsonValueKind.String => Value.ForString(json.GetString()),
        JsonValueKind.Number => Value.ForNumber(json.GetDouble()),
        JsonValueKind.True or JsonValueKind.False => Value.ForBool(json.GetBoolean()),
        _ => Value.ForNull(),
    };

    private static Struct FromObject(JsonElement json)
    {
        var result = new Struct();
        foreach (var member in json.EnumerateObject()) result.Fields[member.Name] = From(member.Value);
        return result;
    }
}
