namespace Mesh.Demo;

/// <summary>A step that did not hold: what was tried, and what was seen instead.</summary>
public sealed class DemoException(string step, string seen) : Exception($"{step}: {seen}")
{
    public string Step { get; } = step;

    public string Seen { get; } = seen;
}
