using System.Text.Json;
using System.Text.Json.Serialization;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Json;

/// <summary>Reads labels and annotations into their slim form.</summary>
public sealed class StringMapConverter : JsonConverter<StringMap>
{
    public override StringMap Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("A map of strings was expected.");
        var entries = new List<KeyValuePair<string, string>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = PooledStringConverter.ReadPooled(ref reader) ?? "";
            reader.Read();
            entries.Add(new KeyValuePair<string, string>(key, PooledStringConverter.ReadPooled(ref reader) ?? ""));
        }

        return StringMap.From(entries);
    }

    public override void Write(Utf8JsonWriter writer, StringMap value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, text) in value) writer.WriteString(key, text);
        writer.WriteEndObject();
    }
}
