using Mesh.Kubernetes;
using Mesh.Operator.Status;

namespace Mesh.Operator.Tests.Status;

public sealed class ObstacleTests
{
    [Theory]
    [InlineData("""deployments.apps is forbidden: User "system:serviceaccount:mesh-operator:mesh-operator" cannot list resource "deployments" in API group "apps" in the namespace "mesh-system".""", Obstacle.MissingRight)]
    [InlineData("""rolebindings.rbac.authorization.k8s.io "mesh-cni" is forbidden: user "x" (groups=["y"]) is attempting to grant RBAC permissions not currently held""", Obstacle.MissingRight)]
    [InlineData("""admission webhook "rules.example" denied the request: no privileged pods""", Obstacle.Denied)]
    [InlineData("""services "istiod" is forbidden: exceeded quota: none, requested: services=1, used: services=0, limited: services=0""", Obstacle.Denied)]
    [InlineData("""pods "ztunnel-x" is forbidden: violates PodSecurity "restricted:latest": privileged""", Obstacle.Denied)]
    [InlineData("""deployments.apps "mesh-control-plane" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'all' denied request: use our registry""", Obstacle.Denied)]
    public void A_missing_right_and_a_rule_that_refuses_are_told_apart(string said, string reason)
    {
        var obstacle = Obstacle.Of(new ApiException("apply", new ApiError(ApiErrorReason.Forbidden, 403, said)));
        Assert.Equal(reason, obstacle.Reason);
        Assert.Contains(said, obstacle.Message, StringComparison.Ordinal);
        Assert.Contains(reason == Obstacle.Denied ? "change that rule" : "apply the operator's manifests", obstacle.Message, StringComparison.Ordinal);
    }
}
