using System.Xml.Linq;

namespace Mesh.Architecture.Tests;

/// <summary>The project files against the table in ARCHITECTURE.md.</summary>
public sealed class References
{
    private static readonly string[] Programs = ["Operator", "ControlPlane", "Ztunnel", "Cni"];

    [Fact]
    public void Every_project_references_only_what_the_map_allows()
    {
        var allowed = Map();
        var wrong = new List<string>();
        foreach (var (project, references) in Graph())
        {
            if (!allowed.TryGetValue(project, out var row))
            {
                wrong.Add($"{project}: not in the table of ARCHITECTURE.md; add a row that says its job and its references");
                continue;
            }

            wrong.AddRange(references.Except(row, StringComparer.Ordinal)
                .Select(extra => $"{project} -> {extra}: not allowed by ARCHITECTURE.md; move the code, or change the table and say why in a decision record"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void The_map_names_no_project_that_is_gone() =>
        Expect.None(Map().Keys.Except(Graph().Keys, StringComparer.Ordinal));

    [Fact]
    public void No_program_references_a_program() =>
        Expect.None(from row in Graph()
                    from reference in row.Value
                    where Programs.Contains(reference, StringComparer.Ordinal)
                    select $"{row.Key} -> {reference}");

    [Fact]
    public void No_project_is_called_common_shared_core_or_utils() =>
        Expect.None(Graph().Keys.Intersect(["Common", "Shared", "Core", "Utils"], StringComparer.OrdinalIgnoreCase));

    [Theory]
    [InlineData("Ztunnel")]
    [InlineData("Cni")]
    public void The_ahead_of_time_programs_know_no_web_framework(string program)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([program]);
        while (open.TryDequeue(out var project))
        {
            if (!seen.Add(project)) continue;
            Assert.DoesNotContain("Microsoft.AspNetCore.App", Repository.Read($"src/{project}/{project}.csproj"), StringComparison.Ordinal);
            foreach (var reference in Graph()[project]) open.Enqueue(reference);
        }

        if (program == "Ztunnel") Assert.DoesNotContain("Kubernetes", seen);
    }

    private static Dictionary<string, string[]> Graph() => Repository.Projects("src").ToDictionary(
        file => Path.GetFileNameWithoutExtension(file),
        file => XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))).ToArray(),
        StringComparer.Ordinal);

    private static Dictionary<string, string[]> Map() => Repository.Lines("ARCHITECTURE.md")
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(
            cells => cells[1].Trim('`'),
            cells => cells[3] == "–" ? [] : cells[3].Split(',', StringSplitOptions.TrimEntries),
            StringComparer.Ordinal);
}
