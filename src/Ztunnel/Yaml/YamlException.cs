namespace Mesh.Ztunnel.Yaml;

/// <summary>The text is not YAML as we read it, or not what the file should say; an operator's mistake, told with its line.</summary>
internal sealed class YamlException(int line, string problem) : Exception($"line {line}: {problem}")
{
    public int Line { get; } = line;
}
