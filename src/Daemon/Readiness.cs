namespace Mesh.Daemon;

/// <summary>Which named tasks still keep this process from being ready. Any thread.</summary>
public sealed class Readiness
{
    private readonly Lock _gate = new();
    private readonly List<ReadinessTask> _tasks = [];

    public bool IsReady
    {
        get
        {
            lock (_gate)
            {
                foreach (var task in _tasks)
                {
                    if (task.IsPending) return false;
                }
                return true;
            }
        }
    }

    /// <summary>Adds a task that is pending until its owner says otherwise.</summary>
    public ReadinessTask Add(string name)
    {
        var task = new ReadinessTask(name);
        lock (_gate) _tasks.Add(task);
        return task;
    }

    /// <summary>What a readiness probe answers: `ready`, or `not ready, pending: a, b`.</summary>
    public string Describe()
    {
        lock (_gate)
        {
            var pending = string.Join(", ", _tasks.Where(task => task.IsPending).Select(task => task.Name));
            return pending.Length == 0 ? "ready" : $"not ready, pending: {pending}";
        }
    }
}
