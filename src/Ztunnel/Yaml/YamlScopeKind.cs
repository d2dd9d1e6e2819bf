namespace Mesh.Ztunnel.Yaml;

/// <summary>The kinds of collections.</summary>
internal enum YamlScopeKind
{
    BlockMapping,
    BlockSequence,
    FlowMapping,
    FlowSequence,
}
