namespace Mesh.Operator.Rules;

/// <summary>The versions an operator can install, oldest first, and which step from one to another is allowed. Immutable.</summary>
internal sealed class VersionCatalogue(IReadOnlyList<Version> known)
{
    public Version Newest => known[^1];

    /// <summary>The version that a spec means, or what is wrong with it.</summary>
    public (Version? Version, string? Problem) Resolve(string wanted, string? current)
    {
        if (!MeshPatterns.Version.IsMatch(wanted)) return (null, null); // The shape is another rule's business.
        var parsed = Version.Parse(wanted);
        var resolved = parsed.Build >= 0
            ? known.FirstOrDefault(version => version == parsed)
            : known.LastOrDefault(version => (version.Major, version.Minor) == (parsed.Major, parsed.Minor));
        if (resolved is null)
        {
            var range = known.Count == 1 ? $"{known[0]}" : $"{known[0]} to {Newest}";
            return (null, $"Unsupported value: this operator installs {range}; choose one of these, "
                + "or install the operator of that version first");
        }
        if (current is null || !Version.TryParse(current, out var from)) return (resolved, null);
        if (resolved < from)
        {
            return (null, $"cannot go back from {from}: certificates and stored objects may be newer; stay at {from} or later");
        }
        if (resolved.Major != from.Major || resolved.Minor > from.Minor + 1)
        {
            return (null, $"cannot skip a minor version from {from}; upgrade to {from.Major}.{from.Minor + 1} first");
        }
        return (resolved, null);
    }
}
