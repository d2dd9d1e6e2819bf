using Mesh.Operator.Install;
using Mesh.Operator.Status;

namespace Mesh.Operator.Tests.Install;

public sealed class RemovalClockTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 9, 1, 12, 0, 0, TimeSpan.Zero);

    private static RemovalClock At(double secondsAfterNoon, string? step) => new(
        Given.Mesh(statusJson: step is null
            ? "{}"
            : $$"""{"conditions":[{"type":"Removing","status":"True","reason":"{{step}}","lastTransitionTime":"2026-09-01T12:00:00Z"}]}"""),
        s_noon.AddSeconds(secondsAfterNoon));

    [Fact]
    public void A_step_that_nobody_has_begun_is_waited_for_whatever_the_time()
    {
        Assert.True(At(999_999, null).IsWaitedFor(RemovalClock.Agents));
        Assert.True(At(999_999, RemovalClock.Agents).IsWaitedFor(RemovalClock.Proxies));
        Assert.False(At(999_999, RemovalClock.Agents).IsJustOver(RemovalClock.Proxies));
    }

    [Theory]
    [InlineData(RemovalClock.Agents, 74, true)]
    [InlineData(RemovalClock.Agents, 75, false)]
    [InlineData(RemovalClock.Proxies, 39, true)]
    [InlineData(RemovalClock.Proxies, 40, false)]
    [InlineData(RemovalClock.ControlPlane, 35, false)]
    [InlineData(RemovalClock.Accounts, 59, true)]
    [InlineData(RemovalClock.Accounts, 60, false)]
    [InlineData(RemovalClock.Namespaces, 20, false)]
    [InlineData(RemovalClock.Agents, -500, true)] // Another operator's clock was ahead.
    public void Each_step_has_its_own_time(string step, double seconds, bool waits)
    {
        Assert.Equal(waits, At(seconds, step).IsWaitedFor(step));
        Assert.Equal(!waits, At(seconds, step).IsJustOver(step));
    }

    [Fact]
    public void A_step_that_another_has_followed_is_not_taken_up_again()
    {
        Assert.False(At(1, RemovalClock.ControlPlane).IsWaitedFor(RemovalClock.Agents));
        Assert.False(At(1, RemovalClock.ControlPlane).IsJustOver(RemovalClock.Agents));
    }

    [Fact]
    public void The_condition_keeps_its_time_while_the_step_stays_and_gets_a_new_one_with_the_next()
    {
        var first = Status(Given.Mesh(), RemovalClock.Agents, s_noon);
        var again = Status(Given.Mesh() with { Status = first }, RemovalClock.Agents, s_noon.AddSeconds(30));
        var next = Status(Given.Mesh() with { Status = again }, RemovalClock.Proxies, s_noon.AddSeconds(60));
        Assert.Equal("2026-09-01T12:00:00Z", again.FindCondition("Removing")!.LastTransitionTime);
        Assert.Equal("2026-09-01T12:01:00Z", next.FindCondition("Removing")!.LastTransitionTime);
    }

    private static Api.MeshInstallStatus Status(Api.MeshInstall mesh, string step, DateTimeOffset now) => MeshStatus.From(new StatusInput
    {
        Mesh = mesh,
        Now = now,
        OperatorVersion = "1.0.0",
        IsDeleting = true,
        RemovalStep = step,
        WaitingFor = "pods",
    });
}
