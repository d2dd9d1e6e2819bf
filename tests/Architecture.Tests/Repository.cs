using System.Runtime.CompilerServices;

namespace Mesh.Architecture.Tests;

/// <summary>Where the sources are, found from this file's own place.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    public static string[] Projects(string under) => Directory.GetFiles(Path.Combine(Root, under), "*.csproj", SearchOption.AllDirectories);

    /// <summary>Every C# file that a person wrote, relative to the root, with forward slashes.</summary>
    public static IEnumerable<string> SourceFiles(params string[] under) =>
        from folder in under
        let path = Path.Combine(Root, folder)
        where Directory.Exists(path)
        from file in Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !relative.Contains("/obj/", StringComparison.Ordinal) && !relative.Contains("/bin/", StringComparison.Ordinal)
        select relative;

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    public static string[] Lines(string relative) => File.ReadAllLines(Path.Combine(Root, relative));

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
