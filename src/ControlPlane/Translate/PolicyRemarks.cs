namespace Mesh.ControlPlane.Translate;

/// <summary>What one translation found to say: what is beyond layer 4, and what means nothing. Owned by that translation.</summary>
internal sealed class PolicyRemarks
{
    private readonly List<string> _unsupported = [];
    private readonly List<string> _malformed = [];

    public IReadOnlyList<string> Unsupported => [.. _unsupported.Distinct(StringComparer.Ordinal)];

    public IReadOnlyList<string> Malformed => [.. _malformed.Distinct(StringComparer.Ordinal)];

    public int UnsupportedCount => _unsupported.Count;

    public int MalformedCount => _malformed.Count;

    public int Count => _unsupported.Count + _malformed.Count;

    public void CannotDecide(string attribute) => _unsupported.Add(attribute);

    public void CannotDecide(string attribute, IReadOnlyList<string>? values)
    {
        if (values is { Count: > 0 }) _unsupported.Add(attribute);
    }

    public void MeansNothing(string what) => _malformed.Add(what);
}
