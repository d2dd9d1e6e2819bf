namespace Mesh.Model;

/// <summary>One string condition (istio.security.StringMatch). Presence ignores the value.</summary>
public readonly record struct TextMatch(TextMatchKind Kind, string Value);
