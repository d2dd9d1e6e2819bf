namespace Mesh.Kubernetes.Reviews;

/// <summary>What the API server's authorizers say.</summary>
public sealed record AccessDecision(bool Allowed, string Reason);
