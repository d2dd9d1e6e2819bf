namespace Mesh.Daemon.Metering;

/// <summary>A number that only grows. Lock-free, any thread.</summary>
public sealed class Counter
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add(long amount) => Interlocked.Add(ref _value, amount);

    public void Increment() => Interlocked.Increment(ref _value);
}
