namespace Mesh.Linux.Loops;

/// <summary>Brings awaits back to their loop.</summary>
internal sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => loop.PostRaw(d, state);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Nothing may wait for a loop: post instead.");

    public override SynchronizationContext CreateCopy() => this;
}
