namespace Mesh.Fuzz;

/// <summary>An invariant that an input broke.</summary>
internal sealed class FuzzException(string message) : Exception(message);
