namespace Mesh.Kubernetes;

/// <summary>One field the server complained about.</summary>
public sealed record ApiErrorCause(string Reason, string Field, string Message);
