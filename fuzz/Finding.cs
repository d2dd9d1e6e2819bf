namespace Mesh.Fuzz;

/// <summary>A case that did not hold, and how to see it again.</summary>
internal sealed record Finding(string Target, int Seed, byte[] Input, string What);
