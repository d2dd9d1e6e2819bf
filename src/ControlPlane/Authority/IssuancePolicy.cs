using Mesh.ControlPlane.Watch;
using Mesh.Identity;
using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Authority;

/// <summary>Which identity a caller may have a certificate for. Pure, given the pods.</summary>
internal sealed class IssuancePolicy(ControlPlaneOptions options, PodDirectory pods)
{
    /// <summary>The identity, or why not; the reason is for our log, the caller learns nothing.</summary>
    public IssuanceDecision Decide(Caller caller, string? impersonated)
    {
        if (string.IsNullOrEmpty(impersonated))
            return IssuanceDecision.Granted(new SpiffeId(options.Mesh.TrustDomain, caller.Namespace, caller.ServiceAccount));
        if (options.TrustedNodeAccounts.Count == 0)
            return Refused("impersonation-off", "no account may ask for others (CA_TRUSTED_NODE_ACCOUNTS is empty)");
        if (caller.PodName is null || caller.PodUid is null) return Refused("no-pod", "the caller's token is not bound to a pod");
        if (!options.TrustedNodeAccounts.Contains(caller.Account))
            return Refused("untrusted-account", $"{caller.Account} is not among CA_TRUSTED_NODE_ACCOUNTS");
        if (SpiffeId.TryParse(impersonated) is not { } id)
            return Refused("bad-identity", "the identity asked for is no SPIFFE id of a service account");
        // Upstream signs any trust domain: the caller would choose what the certificate says.
        if (id.TrustDomain != options.Mesh.TrustDomain)
            return Refused("foreign-trust-domain", $"{id} is not of trust domain {options.Mesh.TrustDomain}");
        if (pods.Find(new ObjectKey(caller.Namespace, caller.PodName)) is not { } pod)
            return Refused("unknown-pod", $"pod {caller.Namespace}/{caller.PodName} is not known");
        if (pod.Metadata.Uid != caller.PodUid)
            return Refused("other-pod", $"pod {caller.Namespace}/{caller.PodName} is another one than the token was issued for");
        if (pod.Spec.ServiceAccountName != caller.ServiceAccount)
            return Refused("other-account", $"pod {caller.Namespace}/{caller.PodName} runs as another account");
        if (pod.Spec.NodeName is not { Length: > 0 } node)
            return Refused("no-node", $"pod {caller.Namespace}/{caller.PodName} is on no node");
        if (!pods.RunsOn(node, id.Namespace, id.ServiceAccount))
            return Refused("not-on-node", $"no pod of {id.Namespace}/{id.ServiceAccount} is on node {node}");
        return IssuanceDecision.Granted(id);
    }

    private static IssuanceDecision Refused(string cause, string reason) => new(null, cause, reason);
}
