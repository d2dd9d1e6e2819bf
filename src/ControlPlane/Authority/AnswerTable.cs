using System.Collections.Concurrent;

namespace Mesh.ControlPlane.Authority;

/// <summary>Answers of one kind that are remembered for a while, so many at most. Any thread.</summary>
internal sealed class AnswerTable(int max, TimeSpan lasting, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (Caller? Caller, DateTimeOffset Until)> _answers = new(StringComparer.Ordinal);
    private readonly Lock _making = new();

    public int Count => _answers.Count;

    public bool TryFind(string hash, out Caller? caller)
    {
        var found = _answers.TryGetValue(hash, out var answer) && time.GetUtcNow() < answer.Until;
        caller = found ? answer.Caller : null;
        return found;
    }

    public void Add(string hash, Caller? caller)
    {
        lock (_making)
        {
            if (_answers.Count >= max) MakeRoom();
            _answers[hash] = (caller, time.GetUtcNow() + lasting);
        }
    }

    private void MakeRoom()
    {
        var now = time.GetUtcNow();
        foreach (var (hash, answer) in _answers)
        {
            if (now >= answer.Until) _answers.TryRemove(hash, out _);
        }
        if (_answers.Count >= max) _answers.Clear(); // Of this kind only: then those are asked for again.
    }
}
