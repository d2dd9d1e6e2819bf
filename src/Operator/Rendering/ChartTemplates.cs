using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using HandlebarsDotNet;

namespace Mesh.Operator.Rendering;

/// <summary>
/// The manifests as a person reads them, embedded in this assembly and compiled once. Every value goes through the `json` helper, and
/// JSON is YAML: no value can break out of its place. A name the values do not have is an error, not an empty string.
/// </summary>
internal sealed class ChartTemplates
{
    private const string Prefix = "Charts/";
    private readonly IHandlebars _handlebars;
    private readonly ImmutableSortedDictionary<string, HandlebarsTemplate<object, object>> _templates;

    public ChartTemplates()
    {
        _handlebars = Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true, NoEscape = true });
        _handlebars.RegisterHelper("json", static (writer, _, arguments) => writer.WriteSafeString(Json(arguments[0])));
        _templates = Names(".yaml.hbs")
            .ToImmutableSortedDictionary(name => name, name => _handlebars.Compile(Read(name)), StringComparer.Ordinal);
    }

    /// <summary>The template names in the order of their waves.</summary>
    public IEnumerable<string> Waves => _templates.Keys;

    public string Render(string wave, ChartValues values) => _templates[wave](values);

    /// <summary>The definitions of the user's policy kinds, which are installed where they are missing and never removed.</summary>
    public static IReadOnlyList<JsonObject> Definitions() => [.. Names(".crd.yaml").SelectMany(name => YamlObjects.Parse(Read(name)))];

    private static IEnumerable<string> Names(string suffix) => typeof(ChartTemplates).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static string Read(string name)
    {
        using var stream = typeof(ChartTemplates).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Json(object? value) => value switch
    {
        JsonNode node => node.ToJsonString(),
        string text => JsonSerializer.Serialize(text),
        int number => JsonSerializer.Serialize(number),
        bool flag => JsonSerializer.Serialize(flag),
        _ => throw new InvalidOperationException($"a template gives {value?.GetType().Name ?? "nothing"} to json"),
    };
}
