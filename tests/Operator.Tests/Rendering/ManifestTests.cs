using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mesh.Operator.Api;
using Mesh.Operator.Rendering;

namespace Mesh.Operator.Tests.Rendering;

/// <summary>The ways to install the operator (kustomize, plain file, chart) apply the same objects.</summary>
public sealed partial class ManifestTests
{
    private static readonly string s_repository = Cluster.ApiServer.Repository;

    [Fact]
    public void The_plain_file_is_what_kustomize_renders()
    {
        var sources = new[] { "crd/meshinstalls.yaml", "rbac/namespace.yaml", "rbac/operator.yaml", "rbac/components.yaml", "rbac/users.yaml", "manager/deployment.yaml", "manager/service.yaml" }
            .SelectMany(file => YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config", file))));
        Equal(sources, YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/dist/install.yaml"))));
    }

    [Fact]
    public void The_chart_with_its_defaults_renders_the_same_objects()
    {
        var chart = Path.Combine(s_repository, "charts/mesh-operator");
        var values = YamlObjects.Parse(File.ReadAllText(Path.Combine(chart, "values.yaml"))).Single();
        var rendered = Directory.GetFiles(Path.Combine(chart, "templates"), "*.yaml").Order(StringComparer.Ordinal)
            .SelectMany(file => YamlObjects.Parse(Fill(File.ReadAllText(file), values))).ToList();
        // The chart keeps its definition by an annotation and leaves the namespace to Helm.
        rendered.Single(one => (string?)one["kind"] == "CustomResourceDefinition")["metadata"]!.AsObject().Remove("annotations");
        var plain = YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/dist/install.yaml")));
        Equal(plain.Where(one => (string?)one["kind"] != "Namespace"), rendered);
    }

    [Theory]
    [InlineData("RoleBinding", "rolebindings")]
    [InlineData("ClusterRoleBinding", "clusterrolebindings")]
    public void The_operator_may_change_the_bindings_that_it_makes_and_no_others(string kind, string resource)
    {
        var made = new MeshRenderer(new ChartTemplates()).Render(Given.Plan())
            .Where(one => one.Object.Kind == kind).Select(one => one.Object.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var rules = YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/rbac/operator.yaml")))
            .Single(one => (string?)one["kind"] == "ClusterRole" && (string?)one["metadata"]!["name"] == "mesh-operator")["rules"]!.AsArray();
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules.Where(one => one!["resources"]!.AsArray().Any(name => (string?)name == resource)))
        {
            var verbs = rule!["verbs"]!.AsArray().Select(verb => (string)verb!).ToList();
            if (rule["resourceNames"] is JsonArray names) named.UnionWith(names.Select(name => (string)name!));
            else Assert.DoesNotContain(verbs, verb => verb is "get" or "patch" or "update" or "delete" or "deletecollection" or "*");
        }
        Assert.Equal(made.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_definition_fits_an_annotation_of_kubectl_apply() =>
        Assert.InRange(new FileInfo(Path.Combine(s_repository, "config/crd/meshinstalls.yaml")).Length, 1, 200_000);

    [Fact]
    public void The_schema_and_the_records_know_the_same_fields()
    {
        var definition = YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/crd/meshinstalls.yaml"))).Single();
        var schema = definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!;
        Compare("spec", schema["spec"]!, typeof(MeshInstallSpec));
        Compare("status", schema["status"]!, typeof(MeshInstallStatus));
    }

    [Fact]
    public void Cel_rules_name_fields_that_the_schema_has()
    {
        var patches = YamlObjects.Parse($"items:\n{Indented(File.ReadAllText(Path.Combine(s_repository, "config/crd-cel/cel.yaml")))}").Single()["items"]!.AsArray();
        var definition = YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/crd/meshinstalls.yaml"))).Single();
        foreach (var patch in patches)
        {
            var path = ((string)patch!["path"]!).Split('/', StringSplitOptions.RemoveEmptyEntries);
            JsonNode? at = definition;
            foreach (var step in path[..^1]) at = at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : at![step];
            Assert.NotNull(at);
            foreach (var rule in patch["value"]!.AsArray())
            {
                foreach (Match field in SelfField().Matches((string)rule!["rule"]!))
                {
                    var name = field.Groups["name"].Value;
                    Assert.True(name == "metadata" || at["properties"]![name] is not null, $"{rule["rule"]}: no field {name}");
                }
            }
        }
    }

    [Theory]
    [InlineData("meshinstall.yaml")]
    [InlineData("meshinstall-dev.yaml")]
    [InlineData("meshinstall-ha.yaml")]
    public void Every_sample_is_valid_for_this_operator(string file)
    {
        var sample = YamlObjects.Parse(File.ReadAllText(Path.Combine(s_repository, "config/samples", file))).Single();
        var rules = new Mesh.Operator.Rules.MeshRules(OperatorOptions.FromEnvironment(_ => null).Versions);
        Assert.Empty(rules.Check(Given.Mesh(sample["spec"]!.ToJsonString(), (string)sample["metadata"]!["name"]!)).Problems);
    }

    private static void Compare(string path, JsonNode schema, Type type)
    {
        var fields = type.GetProperties().Where(property => property.CanWrite)
            .ToDictionary(property => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name).Replace("Ttl", "TTL", StringComparison.Ordinal));
        var named = schema["properties"]!.AsObject().Select(one => one.Key);
        Assert.True(fields.Keys.Order(StringComparer.Ordinal).SequenceEqual(named.Order(StringComparer.Ordinal)),
            $"{path}: records have {string.Join(' ', fields.Keys.Order(StringComparer.Ordinal))}; the schema has {string.Join(' ', named.Order(StringComparer.Ordinal))}");
        foreach (var (name, property) in fields)
        {
            var child = schema["properties"]![name]!;
            if (property.PropertyType.Namespace == "Mesh.Operator.Api" && child["properties"] is not null) Compare($"{path}.{name}", child, property.PropertyType);
        }
    }

    private static void Equal(IEnumerable<JsonObject> expected, IEnumerable<JsonObject> actual)
    {
        static string Id(JsonObject one) => $"{one["kind"]} {one["metadata"]!["name"]}";
        var (left, right) = (expected.ToDictionary(Id), actual.ToDictionary(Id));
        Assert.Equal(left.Keys.Order(), right.Keys.Order());
        foreach (var (id, one) in left) Assert.True(JsonNode.DeepEquals(one, right[id]), $"{id}: {one.ToJsonString()} is not {right[id].ToJsonString()}");
    }

    // The chart uses no more of Helm's language than this: values, quotes, and conditions that the defaults make true.
    private static string Fill(string template, JsonNode values)
    {
        var text = Condition().Replace(template, "");
        return Placeholder().Replace(text, match =>
        {
            JsonNode? at = match.Groups["path"].Value == ".Release.Namespace" ? (JsonNode)"mesh-operator" : values;
            if (match.Groups["path"].Value.StartsWith(".Values.", StringComparison.Ordinal))
            {
                foreach (var step in match.Groups["path"].Value[".Values.".Length..].Split('.')) at = at![step];
            }
            Assert.NotNull(at);
            return match.Groups["quote"].Success ? System.Text.Json.JsonSerializer.Serialize(at.ToString()) : at.ToString();
        });
    }

    private static string Indented(string text) => string.Join('\n', text.Split('\n').Select(line => "  " + line));

    [GeneratedRegex(@"self\.(?<name>\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SelfField();

    [GeneratedRegex(@"\{\{- (if [^}]*|end) \}\}\n?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Condition();

    [GeneratedRegex(@"\{\{ (?<path>[.\w]+)(?<quote> \| quote)? \}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();
}
