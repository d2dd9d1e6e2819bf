namespace Mesh.Linux.Loops;

/// <summary>Empty splice pipes of one loop, kept for reuse; loop thread only.</summary>
public sealed class SplicePipePool(int idleMax) : IDisposable
{
    private readonly Stack<SplicePipe> _idle = new();

    /// <summary>Null when the process is out of descriptors: relay through buffers instead.</summary>
    public SplicePipe? TryRent() => _idle.TryPop(out var pipe) ? pipe : SplicePipe.TryCreate();

    /// <summary>Takes a pipe back; one with bytes left in it is closed.</summary>
    public void Return(SplicePipe pipe)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        if (pipe.Pending == 0 && _idle.Count < idleMax) _idle.Push(pipe);
        else pipe.Dispose();
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var pipe)) pipe.Dispose();
    }
}
