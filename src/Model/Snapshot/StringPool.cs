namespace Mesh.Model.Snapshot;

/// <summary>One instance per text that many workloads share. Bounded: when full it starts anew, which only costs duplicates. One thread.</summary>
public sealed class StringPool
{
    private const int CountMax = 131_072;
    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _spans;

    public StringPool() => _spans = _strings.GetAlternateLookup<ReadOnlySpan<char>>();

    public string Share(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0) return "";
        if (_strings.TryGetValue(text, out var shared)) return shared;
        MakeRoom();
        _strings.Add(text);
        return text;
    }

    public string Share(ReadOnlySpan<char> text)
    {
        if (text.Length == 0) return "";
        if (_spans.TryGetValue(text, out var shared)) return shared;
        MakeRoom();
        var fresh = text.ToString();
        _strings.Add(fresh);
        return fresh;
    }

    public void Clear() => _strings.Clear();

    private void MakeRoom()
    {
        if (_strings.Count >= CountMax) _strings.Clear();
    }
}
