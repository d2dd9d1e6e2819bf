namespace Mesh.Model.Policy;

/// <summary>What the policies say about a connection.</summary>
public enum Verdict
{
    Allowed,
    DeniedByRule,

    /// <summary>There are ALLOW policies and none of them matched.</summary>
    DeniedByDefault,

    /// <summary>A policy that applies has not been received.</summary>
    Undecided,
}
