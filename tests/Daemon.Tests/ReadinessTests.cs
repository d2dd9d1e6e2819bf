namespace Mesh.Daemon.Tests;

public sealed class ReadinessTests
{
    [Fact]
    public void What_is_pending_is_named_in_order_and_may_come_back()
    {
        var readiness = new Readiness();
        var (first, second) = (readiness.Add("state manager"), readiness.Add("proxy"));

        Assert.Equal("not ready, pending: state manager, proxy", readiness.Describe());
        first.Done();
        Assert.Equal("not ready, pending: proxy", readiness.Describe());
        second.Done();
        Assert.True(readiness.IsReady);
        Assert.Equal("ready", readiness.Describe());
        first.Undone();
        Assert.False(readiness.IsReady);
        Assert.Equal("not ready, pending: state manager", readiness.Describe());
    }
}
