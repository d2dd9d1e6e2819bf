using System.Text;
using Mesh.Kubernetes;
using Mesh.Operator.Install;

namespace Mesh.Operator.Tests.Install;

public sealed class RolloutTests
{
    private static Rollout Of(string kind, string spec, string status) => Rollout.Of(KubernetesObject.Parse(Encoding.UTF8.GetBytes(
        $$"""{"apiVersion":"apps/v1","kind":"{{kind}}","metadata":{"name":"mesh-control-plane","namespace":"n","generation":4},"spec":{{spec}},"status":{{status}}}""")));

    [Theory]
    [InlineData("""{"observedGeneration":4,"replicas":2,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2}""", true)]
    [InlineData("""{"observedGeneration":3,"replicas":2,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2}""", false)] // Not seen yet.
    [InlineData("""{"observedGeneration":4,"replicas":3,"updatedReplicas":2,"readyReplicas":3,"availableReplicas":3}""", false)] // An old pod is left.
    [InlineData("""{"observedGeneration":4,"replicas":2,"updatedReplicas":1,"readyReplicas":2,"availableReplicas":2}""", false)]
    [InlineData("""{"observedGeneration":4,"replicas":2,"updatedReplicas":2,"readyReplicas":1,"availableReplicas":1}""", false)]
    [InlineData("{}", false)]
    public void A_deployment_is_complete_when_all_its_pods_are_new_and_available(string status, bool complete) =>
        Assert.Equal(complete, Of("Deployment", """{"replicas":2}""", status).IsComplete);

    [Theory]
    [InlineData("""{"observedGeneration":4,"desiredNumberScheduled":3,"currentNumberScheduled":3,"updatedNumberScheduled":3,"numberReady":3,"numberAvailable":3}""", true)]
    [InlineData("""{"observedGeneration":4,"desiredNumberScheduled":3,"currentNumberScheduled":3,"updatedNumberScheduled":2,"numberReady":3,"numberAvailable":3}""", false)]
    [InlineData("""{"observedGeneration":4,"desiredNumberScheduled":3,"currentNumberScheduled":3,"updatedNumberScheduled":3,"numberReady":2,"numberAvailable":2}""", false)]
    [InlineData("""{"observedGeneration":4,"desiredNumberScheduled":0,"currentNumberScheduled":0}""", true)]
    [InlineData("{}", false)]
    public void A_daemon_set_is_complete_when_every_node_has_the_new_pod(string status, bool complete) =>
        Assert.Equal(complete, Of("DaemonSet", "{}", status).IsComplete);

    [Fact]
    public void A_deployment_that_gave_up_says_why() => Assert.Equal(
        "has timed out progressing",
        Of("Deployment", "{}", """{"observedGeneration":4,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"has timed out progressing"}]}""").Stuck);

    [Fact]
    public void The_component_is_named_without_our_prefix()
    {
        Assert.Equal("control-plane", Of("Deployment", "{}", "{}").Component);
    }
}
