using System.Text.Json;
using System.Text.Json.Serialization;
using Mesh.Kubernetes.Objects;

namespace Mesh.Kubernetes.Json;

/// <summary>Reads the API's number-or-name values.</summary>
public sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number => new IntOrString(reader.GetInt32()),
            JsonTokenType.String => new IntOrString(PooledStringConverter.ReadPooled(ref reader) ?? ""),
            _ => throw new JsonException("A number or a name was expected."),
        };

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Name is { } name) writer.WriteStringValue(name);
        else writer.WriteNumberValue(value.Number);
    }
}
