namespace Mesh.Model;

/// <summary>What a policy applies to (istio.security.Scope).</summary>
public enum PolicyScope
{
    Global = 0,
    Namespace = 1,
    WorkloadSelector = 2,
}
