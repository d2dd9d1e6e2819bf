namespace Mesh.Ztunnel.Yaml;

/// <summary>One open collection; the indent of flow collections says nothing.</summary>
internal readonly record struct YamlScope(YamlScopeKind Kind, int Indent);
