using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Client;

/// <summary>Who the client says it is; sent in the first request of each type.</summary>
public sealed record DeltaNode(string Id, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Metadata given as JSON values, by key; they win over plain texts of the same key. See <see cref="ProblemOf"/>.</summary>
    public IReadOnlyDictionary<string, string> JsonMetadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Why a text cannot stand in <see cref="JsonMetadata"/>, or null when it can.</summary>
    public static string? ProblemOf(string json)
    {
        try
        {
            _ = Parse(json);
            return null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException) // The latter: text that is no UTF-16.
        {
            return e.Message;
        }
    }

    internal Node ToWire()
    {
        var metadata = new Struct();
        foreach (var (key, value) in Metadata) metadata.Fields[key] = Value.ForString(value);
        foreach (var (key, json) in JsonMetadata) metadata.Fields[key] = Parse(json);
        return new Node { Id = Id, Metadata = metadata };
    }

    private static Value Parse(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return StructValues.From(document.RootElement);
    }
}
