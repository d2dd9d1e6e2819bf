namespace Mesh.Kubernetes;

/// <summary>An object whose JSON does not fit its type, so that one odd object never hides all others.</summary>
public sealed record UnreadableObject(ObjectKey Key, string ResourceVersion, string Problem);
