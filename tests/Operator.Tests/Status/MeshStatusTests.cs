using System.Text;
using Mesh.Kubernetes;
using Mesh.Operator.Api;
using Mesh.Operator.Install;
using Mesh.Operator.Rules;
using Mesh.Operator.Status;

namespace Mesh.Operator.Tests.Status;

/// <summary>What a person, kubectl wait and Argo CD read in the status, for everything a reconcile can find.</summary>
public sealed class MeshStatusTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 9, 1, 12, 0, 0, TimeSpan.Zero);

    private static ComponentState Component(string name, bool complete, PodFailure? failure = null) => new(
        Rollout.Of(KubernetesObject.Parse(Encoding.UTF8.GetBytes(
            $$$"""{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"{{{name}}}","namespace":"n","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":{{{(complete ? 2 : 1)}}},"numberReady":2,"numberAvailable":2}}"""))),
        failure);

    private static StatusInput Input(MeshInstall mesh, string? waitingFor = null, params ComponentState[] components) => new()
    {
        Mesh = mesh,
        Now = s_noon,
        OperatorVersion = "1.0.0",
        Target = "1.4.2",
        WaitingFor = waitingFor,
        Components = components,
    };

    private static ComponentState[] All(bool complete) => [Component("control-plane", complete), Component("mesh-cni", complete), Component("ztunnel", complete)];

    private static string Types(MeshInstallStatus status) => string.Join(' ', status.Conditions!.Select(one => $"{one.Type}={one.Status}"));

    [Fact]
    public void When_all_is_verified_it_is_ready_and_neither_reconciling_nor_stalled()
    {
        var status = MeshStatus.From(Input(Given.Mesh(), null, All(complete: true)));
        Assert.Equal("Ready=True SpecValid=True ControlPlaneReady=True CNIReady=True ZTunnelReady=True", Types(status));
        Assert.Equal(("Ready", "1.4.2", "1.4.2", 3L), (status.Phase, status.CurrentVersion, status.TargetVersion, status.ObservedGeneration!.Value));
        Assert.All(status.Conditions!, condition => Assert.Equal(3, condition.ObservedGeneration));
        Assert.All(status.Conditions!, condition => Assert.NotEmpty(condition.Message));
    }

    [Theory]
    [InlineData("{}", "Installing", "Installing")]
    [InlineData("""{"currentVersion":"1.4.0"}""", "Upgrading", "Upgrading")]
    [InlineData("""{"currentVersion":"1.4.2"}""", "Installing", "RollingOut")]
    public void While_it_rolls_it_is_reconciling_with_the_reason(string before, string phase, string reason)
    {
        var status = MeshStatus.From(Input(Given.Mesh(statusJson: before), "ztunnel: 1 of 2 pods updated", Component("control-plane", true), Component("mesh-cni", true), Component("ztunnel", false)));
        Assert.Equal(phase, status.Phase);
        Assert.Equal("Ready=False Reconciling=True SpecValid=True ControlPlaneReady=True CNIReady=True ZTunnelReady=False", Types(status));
        Assert.Equal(reason, status.FindCondition("Reconciling")!.Reason);
        Assert.Equal("ZTunnelNotReady", status.FindCondition("Ready")!.Reason);
        Assert.Equal("RolloutInProgress", status.FindCondition("ZTunnelReady")!.Reason);
    }

    [Fact]
    public void An_invalid_spec_stalls_while_the_components_are_reported_as_they_run()
    {
        var problem = new MeshProblem("spec.version", "'9.9.9': unsupported");
        var status = MeshStatus.From(Input(Given.Mesh(statusJson: """{"currentVersion":"1.4.0","targetVersion":"1.4.0"}"""), null, All(true)) with { Target = null, Problems = [problem] });
        Assert.Equal("Ready=False Stalled=True SpecValid=False ControlPlaneReady=True CNIReady=True ZTunnelReady=True", Types(status));
        Assert.Equal(("Failed", "1.4.0", "1.4.0"), (status.Phase, status.CurrentVersion, status.TargetVersion));
        Assert.Equal("spec.version: '9.9.9': unsupported", status.FindCondition("Stalled")!.Message);
    }

    [Fact]
    public void While_the_server_does_not_answer_the_reason_is_said_and_what_was_known_of_the_components_stands()
    {
        var before = MeshStatus.From(Input(Given.Mesh(), null, All(complete: true)));
        var status = MeshStatus.From(Input(Given.Mesh() with { Status = before }, "get Service a/b: InternalError (500): no storage") with { IsBlind = true });
        Assert.Equal("Ready=False Reconciling=True SpecValid=True ControlPlaneReady=True CNIReady=True ZTunnelReady=True", Types(status));
        Assert.Equal(("ApiRequestFailed", "get Service a/b: InternalError (500): no storage"), (status.FindCondition("Ready")!.Reason, status.FindCondition("Ready")!.Message));
        Assert.Equal(before.Components, status.Components);
        Assert.Equal("Degraded", status.Phase);
    }

    [Fact]
    public void An_image_that_cannot_be_pulled_gives_the_reason_everywhere_it_is_looked_for()
    {
        var failure = new PodFailure(IsImage: true, "image 'x' cannot be pulled: check spec.images");
        var status = MeshStatus.From(Input(Given.Mesh(), failure.Message, Component("control-plane", false, failure)));
        Assert.Equal("ImagePullFailed", status.FindCondition("Ready")!.Reason);
        Assert.Equal("ImagePullFailed", status.FindCondition("ControlPlaneReady")!.Reason);
        Assert.Equal("True", status.FindCondition("Reconciling")!.Status);
        Assert.Equal("Failing", status.Components![0].Phase);
    }

    [Fact]
    public void A_missing_right_stalls_and_says_so()
    {
        var status = MeshStatus.From(Input(Given.Mesh()) with { Obstacle = new(Obstacle.MissingRight, "cannot create namespaces") });
        Assert.Equal(("Failed", "InsufficientPermissions"), (status.Phase, status.FindCondition("Stalled")!.Reason));
        Assert.Null(status.FindCondition("Reconciling"));
    }

    [Fact]
    public void A_suspended_mesh_is_paused_and_as_ready_as_what_runs()
    {
        const string spec = """{"version":"1.5.1","suspend":true}""";
        var running = MeshStatus.From(Input(Given.Mesh(spec, statusJson: """{"currentVersion":"1.4.2"}"""), null, All(true)) with { Target = "1.5.1" });
        Assert.Equal("Ready=True SpecValid=True ControlPlaneReady=True CNIReady=True ZTunnelReady=True Paused=True", Types(running));
        Assert.Equal(("Paused", "1.4.2", "1.5.1"), (running.Phase, running.CurrentVersion, running.TargetVersion));
        var broken = MeshStatus.From(Input(Given.Mesh(spec), null) with { Target = "1.5.1" });
        Assert.Equal("False", broken.FindCondition("Ready")!.Status);
        Assert.Null(broken.CurrentVersion);
    }

    [Fact]
    public void Losing_pods_of_a_running_mesh_is_degraded()
    {
        var lost = new ComponentState(Rollout.Of(KubernetesObject.Parse(
            """{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"ztunnel","namespace":"n","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":2,"numberReady":1,"numberAvailable":1}}"""u8)), null);
        var status = MeshStatus.From(Input(Given.Mesh(statusJson: """{"currentVersion":"1.4.2"}"""), "ztunnel", lost));
        Assert.Equal(("Degraded", "PodsNotReady"), (status.Phase, status.FindCondition("ZTunnelReady")!.Reason));
    }

    [Fact]
    public void A_deletion_is_reconciling_until_the_object_is_gone()
    {
        var status = MeshStatus.From(Input(Given.Mesh(statusJson: """{"currentVersion":"1.4.2"}"""), "2 pods are still enrolled") with { IsDeleting = true, Target = null });
        Assert.Equal(("Deleting", "Deleting", "2 pods are still enrolled"), (status.Phase, status.FindCondition("Reconciling")!.Reason, status.FindCondition("Ready")!.Message));
    }

    [Fact]
    public void Drift_that_is_left_alone_is_said()
    {
        var status = MeshStatus.From(Input(Given.Mesh("""{"version":"1.4.2","driftPolicy":"Warn"}"""), null, All(true)) with { Drifted = 2 });
        Assert.Contains("2 objects were edited", status.FindCondition("Drifted")!.Message, StringComparison.Ordinal);
        Assert.Equal("True", status.FindCondition("Ready")!.Status);
    }

    [Theory]
    [InlineData(3, "2026-09-01T11:50:00Z", true)] // Ten minutes: still reconciling.
    [InlineData(3, "2026-09-01T11:44:00Z", false)] // Sixteen: stalled.
    [InlineData(2, "2026-09-01T11:44:00Z", true)] // An edit since gives a new deadline.
    public void Work_without_end_becomes_stalled_at_its_deadline(long generation, string since, bool reconciling)
    {
        var before = $$"""{"conditions":[{"type":"Reconciling","status":"True","observedGeneration":{{generation}},"lastTransitionTime":"{{since}}","reason":"x","message":"x"}]}""";
        var status = MeshStatus.From(Input(Given.Mesh(statusJson: before), "ztunnel", Component("ztunnel", false)));
        Assert.Equal(reconciling, status.FindCondition("Reconciling") is not null);
        Assert.Equal(reconciling, status.FindCondition("Stalled") is null);
        if (reconciling) Assert.Equal(generation == 3 ? since : "2026-09-01T12:00:00Z", status.FindCondition("Reconciling")!.LastTransitionTime);
        else Assert.Equal("ProgressDeadlineExceeded", status.FindCondition("Stalled")!.Reason);
    }

    [Fact]
    public void The_same_finding_twice_gives_the_same_status()
    {
        var first = MeshStatus.From(Input(Given.Mesh(), null, All(true)));
        var mesh = Given.Mesh() with { Status = first };
        var second = MeshStatus.From(Input(mesh, null, All(true)) with { Now = s_noon.AddHours(1) });
        Assert.Equal(first.Conditions, second.Conditions);
        Assert.Equal(first.Components, second.Components);
    }

    [Theory]
    [InlineData("{}", """{"phase":"Installing","targetVersion":"1"}""", "InstallStarted")]
    [InlineData("""{"phase":"Installing"}""", """{"phase":"Ready","currentVersion":"1"}""", "InstallCompleted")]
    [InlineData("""{"phase":"Upgrading","currentVersion":"1"}""", """{"phase":"Ready","currentVersion":"2"}""", "UpgradeCompleted")]
    [InlineData("""{"phase":"Ready","currentVersion":"1"}""", """{"phase":"Upgrading","currentVersion":"1"}""", "UpgradeStarted")]
    [InlineData("""{"phase":"Ready","currentVersion":"1"}""", """{"phase":"Degraded","currentVersion":"1"}""", "Degraded")]
    [InlineData("""{"phase":"Degraded","currentVersion":"1"}""", """{"phase":"Ready","currentVersion":"1"}""", "")]
    [InlineData("""{"phase":"Ready"}""", """{"phase":"Deleting"}""", "Deleting")]
    [InlineData("""{"phase":"Ready","currentVersion":"1"}""", """{"phase":"Ready","currentVersion":"1"}""", "")]
    [InlineData("{}", """{"phase":"Failed","conditions":[{"type":"SpecValid","status":"False","message":"m"},{"type":"Stalled","status":"True","reason":"InvalidSpec","message":"m"}]}""", "SpecInvalid")]
    [InlineData("""{"conditions":[{"type":"SpecValid","status":"False","message":"m"}]}""", """{"conditions":[{"type":"SpecValid","status":"False","message":"m"}]}""", "")]
    [InlineData("{}", """{"conditions":[{"type":"CNIReady","status":"False","reason":"ImagePullFailed","message":"m"},{"type":"Ready","status":"False","reason":"ImagePullFailed","message":"m"}]}""", "ImagePullFailed")]
    public void Events_tell_of_transitions_only(string before, string after, string expected) => Assert.Equal(
        expected, string.Join(' ', Transition.Between(Given.Mesh(statusJson: before).Status, Given.Mesh(statusJson: after).Status).Select(one => one.Reason)));
}
