namespace Mesh.Namespaced.Tests.Soak;

/// <summary>A byte arrived that was never sent there: what no cut excuses.</summary>
internal sealed class CorruptionException(string message) : Exception(message);
