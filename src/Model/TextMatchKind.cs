namespace Mesh.Model;

/// <summary>How a string condition compares.</summary>
public enum TextMatchKind
{
    Exact,
    Prefix,
    Suffix,
    /// <summary>Any non-empty text.</summary>
    Presence,
}
