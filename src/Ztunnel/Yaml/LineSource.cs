using System.Text;

namespace Mesh.Ztunnel.Yaml;

/// <summary>Lines of a UTF-8 stream, one at a time in one buffer, so that a file of any length costs only its longest line.</summary>
internal sealed class LineSource(Stream stream)
{
    private const int LineBytesMax = 1024 * 1024;
    private byte[] _bytes = new byte[64 * 1024];
    private char[] _chars = new char[1024];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Number of the current line, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The current line without its end; valid until the next one.</summary>
    public ReadOnlyMemory<char> Current { get; private set; }

    public bool MoveNext()
    {
        var length = FindLine();
        if (length < 0) return false;
        var line = _bytes.AsSpan(_start, length);
        _start += Math.Min(length + 1, _end - _start);
        if (line.Length > 0 && line[^1] == '\r') line = line[..^1];
        if (_chars.Length < line.Length) _chars = new char[Math.Max(line.Length, _chars.Length * 2)];
        Current = _chars.AsMemory(0, Encoding.UTF8.GetChars(line, _chars));
        Number++;
        return true;
    }

    /// <summary>Bytes of the next line without the line feed, or -1 at the end.</summary>
    private int FindLine()
    {
        var searched = 0;
        while (true)
        {
            var at = _bytes.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0) return searched + at;
            searched = _end - _start;
            if (_ended) return searched > 0 ? searched : -1;
            if (searched > LineBytesMax) throw new YamlException(Number + 1, $"the line is longer than {LineBytesMax} bytes");
            Refill();
        }
    }

    private void Refill()
    {
        var kept = _end - _start;
        if (kept == _bytes.Length) Array.Resize(ref _bytes, _bytes.Length * 2);
        else Buffer.BlockCopy(_bytes, _start, _bytes, 0, kept);
        if (_start > 0 && kept == _bytes.Length) throw new InvalidOperationException("A full buffer starts at zero.");
        (_start, _end) = (0, kept);
        var read = stream.Read(_bytes, _end, _bytes.Length - _end);
        if (read == 0) _ended = true;
        _end += read;
    }
}
