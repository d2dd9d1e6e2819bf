namespace Mesh.Ztunnel.Options;

/// <summary>One setting that cannot be used: which, what it says, and what would do.</summary>
internal readonly record struct OptionProblem(string Variable, string Value, string WayOut)
{
    public override string ToString() => $"{Variable}=\"{Value}\": {WayOut}";
}
