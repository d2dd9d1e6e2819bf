using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Client;

/// <summary>Who the client says it is; sent in the first request of each type.</summary>
public sealed record DeltaNode(string Id, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Metadata given as JSON values, by key; they win over plain texts of the same key.</summary>
    public IReadOnlyDictionary<string, string> JsonMetadata { get; init; } = new Dictionary<string, string>();

    internal Node ToWire()
    {
        var metadata = new Struct();
        foreach (var (key, value) in Metadata) metadata.Fields[key] = Value.ForString(value);
        foreach (var (key, json) in JsonMetadata)
        {
            using var document = System.Text.Json.JsonDocument.Parse(json);
            metadata.Fields[key] = StructValues.From(document.RootElement);
        }
        return new Node { Id = Id, Metadata = metadata };
    }
}
