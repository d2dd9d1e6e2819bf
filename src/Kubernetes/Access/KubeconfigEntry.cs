using YamlDotNet.RepresentationModel;

namespace Mesh.Kubernetes.Access;

/// <summary>A map in a kubeconfig that knows its place, for messages. Immutable.</summary>
internal sealed class KubeconfigEntry(string file, string place, YamlMappingNode map)
{
    public string Place => place;

    public string? Text(string field) => Find(field) switch
    {
        null => null,
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "" or "null" or "~" } => null,
        YamlScalarNode text => text.Value,
        _ => throw Wrong(field, "should be a text"),
    };

    public string Required(string field) =>
        Text(field) is { Length: > 0 } text ? text : throw new CredentialsException($"{At(field)} is missing.");

    public bool Flag(string field) => Text(field) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw Wrong(field, $"is '{other}'; it should be true or false"),
    };

    public KubeconfigEntry? Map(string field) => Find(field) switch
    {
        null or YamlScalarNode { Value: "" or "null" or "~" } => null,
        YamlMappingNode inner => new KubeconfigEntry(file, At(field), inner),
        _ => throw Wrong(field, "should be a map"),
    };

    public IEnumerable<KubeconfigEntry> Items(string field)
    {
        var number = 0;
        foreach (var node in List(field))
        {
            yield return node is YamlMappingNode inner
                ? new KubeconfigEntry(file, $"{At(field)}[{number}]", inner)
                : throw Wrong($"{field}[{number}]", "should be a map");
            number++;
        }
    }

    public IEnumerable<string> Texts(string field)
    {
        foreach (var node in List(field)) yield return (node as YamlScalarNode)?.Value ?? throw Wrong(field, "should be a list of texts");
    }

    /// <summary>A path as the file means it: relative to the file's own folder.</summary>
    public string? FilePath(string field) => Text(field) is { Length: > 0 } path
        ? Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/")
        : null;

    public byte[]? Base64(string field)
    {
        if (Text(field) is not { Length: > 0 } text) return null;
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw Wrong(field, "is not base64");
        }
    }

    public CredentialsException Wrong(string field, string what) => new($"{At(field)} {what}.");

    private string At(string field) => place.EndsWith(':') ? $"{place} {field}" : $"{place}.{field}";

    private IEnumerable<YamlNode> List(string field) => Find(field) switch
    {
        null or YamlScalarNode { Value: "" or "null" or "~" } => [],
        YamlSequenceNode list => list.Children,
        _ => throw Wrong(field, "should be a list"),
    };

    private YamlNode? Find(string field)
    {
        foreach (var (name, value) in map.Children)
        {
            if (name is YamlScalarNode scalar && scalar.Value == field) return value;
        }

        return null;
    }
}
