namespace Mesh.Linux.Loops;

/// <summary>A posted call: a delegate of one of the known shapes and its state, so that posting allocates nothing.</summary>
internal readonly struct LoopWork(object callback, object? state)
{
    /// <summary>Whose it is, if a source posted itself.</summary>
    public ILoopSource? Source => callback as ILoopSource;

    public void Run()
    {
        switch (callback)
        {
            case Action<object?> continuation:
                continuation(state);
                break;
            case SendOrPostCallback posted:
                posted(state);
                break;
            case ILoopWork work:
                work.Run();
                break;
        }
    }
}
