using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Mesh.Operator.Rendering;

/// <summary>
/// Reads YAML documents as JSON, by the core schema: plain true, 5 and null are what they look like, quoted text is text. Pure.
/// </summary>
internal static class YamlObjects
{
    public static IReadOnlyList<JsonObject> Parse(string yaml)
    {
        using var text = new StringReader(yaml);
        var parser = new Parser(text);
        var objects = new List<JsonObject>();
        parser.Consume<StreamStart>();
        while (parser.TryConsume<DocumentStart>(out _))
        {
            switch (Node(parser))
            {
                case JsonObject one: objects.Add(one); break;
                case null: break; // A document of comments only.
                default: throw new YamlException("a document must be an object");
            }
            parser.Consume<DocumentEnd>();
        }
        return objects;
    }

    private static JsonNode? Node(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar)) return Value(scalar);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _)) list.Add(Node(parser));
            return list;
        }
        if (!parser.TryConsume<MappingStart>(out _)) throw new YamlException("aliases and tags are not used in manifests");
        var map = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Consume<Scalar>().Value;
            if (!map.TryAdd(key, Node(parser))) throw new YamlException($"'{key}' stands twice in one object");
        }
        return map;
    }

    private static JsonNode? Value(Scalar scalar)
    {
        if (scalar.Style != ScalarStyle.Plain) return scalar.Value;
        return scalar.Value switch
        {
            "" or "~" or "null" => null,
            "true" => true,
            "false" => false,
            var text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            var text => text,
        };
    }
}
