namespace Mesh.Model;

/// <summary>Where a workload runs; empty strings are unknown.</summary>
public sealed record Locality(string Region, string Zone, string Subzone)
{
    public static Locality Unknown { get; } = new("", "", "");
}
