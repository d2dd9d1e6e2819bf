using Mesh.Kubernetes.Objects;
using Mesh.Operator.Install;

namespace Mesh.Operator.Tests.Install;

public sealed class PodFailuresTests
{
    private static Pod Waiting(string reason, string name = "p") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "mesh-system" },
        Spec = new PodSpec { NodeName = "node-1", Containers = [new Container { Name = "control-plane", Image = "r.example/control-plane:nope" }] },
        Status = new PodStatus
        {
            ContainerStatuses =
            [
                new ContainerStatus { Name = "control-plane", RestartCount = 4, State = new ContainerState { Waiting = new ContainerStateDetail { Reason = reason, Message = "m" } } },
            ],
        },
    };

    [Theory]
    [InlineData("ErrImagePull")]
    [InlineData("ImagePullBackOff")]
    [InlineData("InvalidImageName")]
    [InlineData("ErrImageNeverPull")]
    public void An_image_that_cannot_be_pulled_is_named_with_the_way_out(string reason)
    {
        var failure = PodFailures.Find([Waiting(reason)]);
        Assert.True(failure!.IsImage);
        Assert.Contains("'r.example/control-plane:nope'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("node-1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("spec.images", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_problem_is_said_before_a_crash_and_a_starting_pod_is_none()
    {
        Assert.Null(PodFailures.Find([Waiting("ContainerCreating")]));
        Assert.Contains("4 restarts", PodFailures.Find([Waiting("CrashLoopBackOff")])!.Message, StringComparison.Ordinal);
        Assert.True(PodFailures.Find([Waiting("CrashLoopBackOff", "a"), Waiting("ErrImagePull", "b")])!.IsImage);
        Assert.Contains("CreateContainerConfigError", PodFailures.Find([Waiting("CreateContainerConfigError")])!.Message, StringComparison.Ordinal);
    }
}
