using System.Text.Json.Serialization;

namespace Mesh.Operator.Api;

/// <summary>Generated JSON code for our own kind.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MeshInstall))]
internal sealed partial class MeshJson : JsonSerializerContext;
