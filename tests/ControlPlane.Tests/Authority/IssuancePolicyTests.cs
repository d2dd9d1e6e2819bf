using Mesh.ControlPlane.Authority;
using Mesh.ControlPlane.Tests.Serve;
using Mesh.ControlPlane.Watch;
using Mesh.Kubernetes;

namespace Mesh.ControlPlane.Tests.Authority;

public sealed class IssuancePolicyTests
{
    private const string Cart = "spiffe://cluster.local/ns/shop/sa/cart";

    [Theory]
    [InlineData("", Cart, "istio-system/ztunnel", "zt-a", "u1")]
    [InlineData("no-pod", Cart, "istio-system/ztunnel", null, null)]
    [InlineData("untrusted-account", Cart, "shop/cart", "cart-0", "u2")]
    [InlineData("bad-identity", "cart", "istio-system/ztunnel", "zt-a", "u1")]
    [InlineData("foreign-trust-domain", "spiffe://evil.org/ns/shop/sa/cart", "istio-system/ztunnel", "zt-a", "u1")]
    [InlineData("unknown-pod", Cart, "istio-system/ztunnel", "zt-gone", "u1")]
    [InlineData("other-pod", Cart, "istio-system/ztunnel", "zt-a", "older")]
    [InlineData("other-account", Cart, "istio-system/ztunnel", "zt-fake", "u5")]
    [InlineData("no-node", Cart, "istio-system/ztunnel", "zt-pending", "u6")]
    [InlineData("not-on-node", "spiffe://cluster.local/ns/shop/sa/web", "istio-system/ztunnel", "zt-a", "u1")]
    [InlineData("not-on-node", "spiffe://cluster.local/ns/shop/sa/failed", "istio-system/ztunnel", "zt-a", "u1")]
    [InlineData("not-on-node", "spiffe://cluster.local/ns/shop/sa/done", "istio-system/ztunnel", "zt-a", "u1")]
    public void A_node_proxy_may_have_certificates_for_what_runs_beside_it(string cause, string asked, string account, string? pod, string? uid)
    {
        var policy = new IssuancePolicy(
            new ControlPlaneOptions { TrustedNodeAccounts = [new ObjectKey("istio-system", "ztunnel")] },
            new PodDirectory(
            [
                SecureServer.NewPod("istio-system", "zt-a", "ztunnel", "node-a", "u1"),
                SecureServer.NewPod("istio-system", "zt-fake", "other", "node-a", "u5"),
                SecureServer.NewPod("istio-system", "zt-pending", "ztunnel", null, "u6"),
                SecureServer.NewPod("shop", "cart-0", "cart", "node-a", "u2"),
                SecureServer.NewPod("shop", "web-0", "web", "node-b", "u3"),
                SecureServer.NewPod("shop", "failed-0", "failed", "node-a", "u7", phase: "Failed"),
                SecureServer.NewPod("shop", "done-0", "done", "node-a", "u8", phase: "Succeeded"),
            ]));
        var parts = account.Split('/');

        var decision = policy.Decide(new Caller(parts[0], parts[1], pod, uid), asked);

        Assert.Equal(cause, decision.Cause);
        Assert.Equal(cause.Length == 0 ? asked : null, decision.Id?.ToString());
    }

    [Fact]
    public void Without_a_list_of_trusted_accounts_nobody_may_ask_for_others()
    {
        var policy = new IssuancePolicy(new ControlPlaneOptions(), new PodDirectory([SecureServer.NewPod("istio-system", "zt-a", "ztunnel", "node-a", "u1")]));

        Assert.Equal("impersonation-off", policy.Decide(new Caller("istio-system", "ztunnel", "zt-a", "u1"), Cart).Cause);
    }
}
