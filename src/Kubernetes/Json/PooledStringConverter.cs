using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mesh.Kubernetes.Json;

/// <summary>Reads a string that repeats across objects as one shared instance.</summary>
public sealed class PooledStringConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ReadPooled(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    internal static string? ReadPooled(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            throw new JsonException($"A string was expected, not {reader.TokenType}.");
        if (reader.HasValueSequence || reader.ValueIsEscaped) return reader.GetString();
        return StringPool.Shared.Intern(reader.ValueSpan);
    }
}
