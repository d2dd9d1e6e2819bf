namespace Mesh.Model;

/// <summary>What a matching policy does (istio.security.Action).</summary>
public enum PolicyAction
{
    Allow = 0,
    Deny = 1,
}
