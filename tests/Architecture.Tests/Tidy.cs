using System.Text.RegularExpressions;

namespace Mesh.Architecture.Tests;

/// <summary>The house's rules that a compiler does not know, read from the sources.</summary>
public sealed partial class Tidy
{
    private const int FileLinesMax = 500;
    private const int LineCharactersMax = 160;

    private static IEnumerable<string> Code => Repository.SourceFiles("src");

    private static IEnumerable<string> AllCode => Repository.SourceFiles("src", "tests", "bench", "perf", "fuzz");

    [Fact]
    public void No_file_is_longer_than_the_wall() =>
        Expect.None(from file in AllCode
                    let lines = Repository.Lines(file).Length
                    where lines > FileLinesMax
                    select $"{file}: {lines} lines; split it by what it owns (aim at 150, {FileLinesMax} is the wall)");

    [Fact]
    public void No_script_or_template_is_longer_than_the_wall() =>
        Expect.None(from folder in new[] { "eng", "hack", "images", "config", "charts" }
                    let path = Path.Combine(Repository.Root, folder)
                    where Directory.Exists(path)
                    from file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                    where !Array.Exists(["/crd/", "/dist/", "/obj/", "/bin/"], skipped => file.Contains(skipped, StringComparison.Ordinal))
                    let lines = File.ReadLines(file).Take(FileLinesMax + 1).Count()
                    where lines > FileLinesMax
                    select $"{file}: more than {FileLinesMax} lines");

    [Fact]
    public void No_line_runs_off_the_page() =>
        Expect.None(from file in Code
                    from line in Repository.Lines(file).Select((text, index) => (text, number: index + 1))
                    where line.text.Length > LineCharactersMax
                    select $"{file}:{line.number}: {line.text.Length} characters; break it");

    [Fact]
    public void Unsafe_code_and_native_imports_stay_behind_the_fence() =>
        Expect.None(from file in Code
                    where !file.StartsWith("src/Linux/", StringComparison.Ordinal) && !file.Contains("/Interop/", StringComparison.Ordinal)
                    from line in Repository.Lines(file).Select((text, index) => (text, number: index + 1))
                    where UnsafeOrImport().IsMatch(line.text)
                    select $"{file}:{line.number}: move it to src/Linux or a folder named Interop");

    [Fact]
    public void Names_say_what_a_thing_is() =>
        Expect.None(from file in Code
                    let name = Path.GetFileNameWithoutExtension(file).Split('.')[0]
                    where BannedSuffix().IsMatch(name)
                    select $"{file}: name it after its job, not Manager, Helper, Handler, Processor, Base, Impl or Util");

    [Fact]
    public void No_debt_without_an_issue() =>
        Expect.None(from file in AllCode
                    where !file.EndsWith("/Tidy.cs", StringComparison.Ordinal)
                    from line in Repository.Lines(file).Select((text, index) => (text, number: index + 1))
                    where Debt().IsMatch(line.text)
                    select $"{file}:{line.number}: {line.text.Trim()}");

    [Fact]
    public void No_error_is_swallowed_in_silence() =>
        Expect.None(from file in Code
                    where EmptyCatch().IsMatch(Repository.Read(file))
                    select $"{file}: an empty catch needs a comment that says why nothing is to be done");

    [Fact]
    public void Every_part_has_its_page() =>
        Expect.None(from project in Repository.Projects("src")
                    let folder = Path.GetDirectoryName(project)!
                    where !File.Exists(Path.Combine(folder, "ARCHITECTURE.md"))
                    select $"{Path.GetRelativePath(Repository.Root, folder)}: no ARCHITECTURE.md (job, owners, threads, ports, limits, invariants)");

    [Fact]
    public void Every_dependency_has_a_decision()
    {
        var decisions = string.Join('\n', Directory.GetFiles(Path.Combine(Repository.Root, "docs/decisions"), "*.md").Select(File.ReadAllText));
        Expect.None(from match in PackageVersion().Matches(Repository.Read("Directory.Packages.props"))
                    let package = match.Groups[1].Value
                    where !decisions.Contains(package, StringComparison.Ordinal)
                    select $"{package}: no page in docs/decisions names it");
    }

    [GeneratedRegex(@"^\s*(?!//).*(\bunsafe\b(?!\w)|\[LibraryImport|\[DllImport)")]
    private static partial Regex UnsafeOrImport();

    [GeneratedRegex("(Manager|Helper|Handler|Processor|Base|Impl|Utils?)$")]
    private static partial Regex BannedSuffix();

    [GeneratedRegex(@"\bFIXME\b|\bTODO\b(?!\(#\d+\))|NotImplementedException")]
    private static partial Regex Debt();

    [GeneratedRegex(@"catch(\s*\([^)]*\))?(\s*when\s*\([^{]*\))?\s*\{\s*\}(?!\s*//)")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
