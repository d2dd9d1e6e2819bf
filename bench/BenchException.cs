namespace Mesh.Bench;

/// <summary>A measurement that could not be made, in words for the screen.</summary>
internal sealed class BenchException(string message) : Exception(message);
