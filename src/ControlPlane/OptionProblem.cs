namespace Mesh.ControlPlane;

/// <summary>A setting that cannot be used: which, what it says, and the way out.</summary>
internal sealed record OptionProblem(string Name, string Value, string WayOut)
{
    public override string ToString() => $"{Name}=\"{Value}\": {WayOut}";
}
