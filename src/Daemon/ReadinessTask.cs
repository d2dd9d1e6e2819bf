namespace Mesh.Daemon;

/// <summary>One thing that has to be done before the process is ready, and that can come undone. Any thread.</summary>
public sealed class ReadinessTask
{
    private volatile bool _pending = true;

    internal ReadinessTask(string name) => Name = name;

    public string Name { get; }

    public bool IsPending => _pending;

    public void Done() => _pending = false;

    public void Undone() => _pending = true;
}
