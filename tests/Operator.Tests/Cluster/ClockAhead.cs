namespace Mesh.Operator.Tests.Cluster;

/// <summary>The operator's clock, ahead of everybody else's by as much as the test says.</summary>
internal sealed class ClockAhead(TimeSpan ahead) : TimeProvider
{
    private long _ticks = ahead.Ticks;

    public void Advance(TimeSpan more) => Interlocked.Add(ref _ticks, more.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));
}
