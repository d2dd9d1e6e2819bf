using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Mesh.Daemon.Logging;

/// <summary>
/// One log line while it is written: fields go straight to UTF-8 in a pooled buffer, and <see cref="End"/> hands it to the writer.
/// A line that outgrows its maximum loses its last fields, never its shape.
/// </summary>
public ref struct LogLine
{
    /// <summary>The longest line; what does not fit is left out.</summary>
    public const int MaxBytes = 32 * 1024;

    private const int FirstBytes = 1024;
    private const int TailBytes = 4; // Room kept for the mark of a cut text, its quote, `}` and the line feed.
    private readonly Log? _log;
    private byte[] _buffer;
    private int _length;
    private bool _full;
    private bool _hasFields;

    internal LogLine(Log? log, LogLevel level, string scope, ReadOnlySpan<char> message, DateTimeOffset time)
    {
        _log = log;
        _buffer = [];
        if (log is null) return;
        _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        if (log.Format == LogFormat.Json) BeginJson(level, scope, message, time);
        else BeginPlain(level, scope, message, time);
    }

    /// <summary>A quoted value; null leaves the field out.</summary>
    public void Text(string name, string? value)
    {
        if (value is not null) Text(name, value.AsSpan());
    }

    /// <summary>A quoted value.</summary>
    public void Text(string name, scoped ReadOnlySpan<char> value)
    {
        var start = BeginField(name);
        if (start < 0) return;
        Byte((byte)'"');
        Escaped(value);
        Byte((byte)'"');
        EndField(start);
    }

    /// <summary>A value without quotes in the plain format, such as an address or a number.</summary>
    public void Bare<T>(string name, T value) where T : ISpanFormattable
    {
        Span<char> text = stackalloc char[128];
        if (value.TryFormat(text, out var written, default, CultureInfo.InvariantCulture)) Bare(name, text[..written]);
        else Bare(name, value.ToString(null, CultureInfo.InvariantCulture).AsSpan());
    }

    /// <summary>A whole number: bare in both formats.</summary>
    public void Number(string name, long value)
    {
        var start = BeginField(name);
        if (start < 0) return;
        Span<char> text = stackalloc char[24];
        value.TryFormat(text, out var written, default, CultureInfo.InvariantCulture);
        Ascii(text[..written]);
        EndField(start);
    }

    /// <summary>An address and port, the port after a colon; IPv6 addresses in brackets.</summary>
    public void Address(string name, IPAddress address, int port)
    {
        Span<char> text = stackalloc char[80];
        var at = 0;
        var v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        if (v6) text[at++] = '[';
        address.TryFormat(text[at..], out var written);
        at += written;
        if (v6) text[at++] = ']';
        text[at++] = ':';
        port.TryFormat(text[at..], out written, default, CultureInfo.InvariantCulture);
        Bare(name, text[..(at + written)]);
    }

    /// <summary>A value without quotes in the plain format; control characters are escaped all the same.</summary>
    public void Bare(string name, scoped ReadOnlySpan<char> value)
    {
        var start = BeginField(name);
        if (start < 0) return;
        var quoted = _log!.Format == LogFormat.Json;
        if (quoted) Byte((byte)'"');
        Escaped(value);
        if (quoted) Byte((byte)'"');
        EndField(start);
    }

    /// <summary>Hands the line to the writer. Call it once; without it nothing is logged.</summary>
    public void End()
    {
        if (_log is null) return;
        if (_log.Format == LogFormat.Json) _buffer[_length++] = (byte)'}';
        _buffer[_length++] = (byte)'\n';
        _log.Enqueue(_buffer, _length);
        _buffer = [];
    }

    private void BeginPlain(LogLevel level, string scope, ReadOnlySpan<char> message, DateTimeOffset time)
    {
        Time(time);
        Byte((byte)'\t');
        Ascii(LevelName(level));
        Byte((byte)'\t');
        Escaped(scope);
        Byte((byte)'\t');
        Escaped(message, quotes: false);
    }

    private void BeginJson(LogLevel level, string scope, ReadOnlySpan<char> message, DateTimeOffset time)
    {
        Ascii("{\"level\":\"");
        Ascii(LevelName(level));
        Ascii("\",\"time\":\"");
        Time(time);
        Ascii("\",\"scope\":\"");
        Escaped(scope);
        Ascii("\",\"message\":\"");
        Escaped(message);
        _buffer[_length++] = (byte)'"'; // From the tail, so that a cut message ends in its quote too.
    }

    private int BeginField(string name)
    {
        if (_log is null || _full) return -1;
        var start = _length;
        if (_log.Format == LogFormat.Json)
        {
            Ascii(",\"");
            Escaped(name);
            Ascii("\":");
            return start;
        }
        Byte(_hasFields ? (byte)' ' : (byte)'\t');
        _hasFields = true;
        Ascii(name);
        Byte((byte)'=');
        return start;
    }

    private void EndField(int start)
    {
        if (_full) _length = start; // All of a field or nothing of it.
    }

    private void Time(DateTimeOffset time)
    {
        Span<char> text = stackalloc char[32];
        time.UtcDateTime.TryFormat(text, out var written, "yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        Ascii(text[..written]);
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    private void Escaped(scoped ReadOnlySpan<char> text, bool quotes = true)
    {
        while (!text.IsEmpty && !_full)
        {
            var plain = 0;
            while (plain < text.Length && IsPlain(text[plain], quotes)) plain++;
            if (plain > 0) Utf8(text[..plain]);
            if (plain == text.Length) return;
            Escape(text[plain]);
            text = text[(plain + 1)..];
        }
    }

    private static bool IsPlain(char character, bool quotes) =>
        character is >= ' ' and not '\u007f' && (!quotes || character is not ('"' or '\\'));

    private void Escape(char character)
    {
        switch (character)
        {
            case '"': Ascii("\\\""); return;
            case '\\': Ascii("\\\\"); return;
            case '\n': Ascii("\\n"); return;
            case '\r': Ascii("\\r"); return;
            case '\t': Ascii("\\t"); return;
            default:
                Span<char> code = stackalloc char[6];
                "\\u".CopyTo(code);
                ((int)character).TryFormat(code[2..], out _, "x4", CultureInfo.InvariantCulture);
                Ascii(code);
                return;
        }
    }

    private void Utf8(scoped ReadOnlySpan<char> text)
    {
        // A surrogate pair may not be split between chunks, so a text is taken whole or cut at a safe place.
        var fits = Math.Max(0, (MaxBytes - TailBytes - _length) / 3);
        var cut = fits < text.Length;
        if (cut)
        {
            if (fits > 0 && char.IsHighSurrogate(text[fits - 1])) fits--;
            text = text[..fits];
        }
        if (!Reserve(text.Length * 3)) return;
        _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
        if (!cut) return;
        _buffer[_length++] = (byte)'~';
        _full = true;
    }

    private void Ascii(scoped ReadOnlySpan<char> text)
    {
        if (!Reserve(text.Length)) return;
        _length += Encoding.ASCII.GetBytes(text, _buffer.AsSpan(_length));
    }

    private void Byte(byte value)
    {
        if (Reserve(1)) _buffer[_length++] = value;
    }

    private bool Reserve(int bytes)
    {
        if (_full) return false;
        var wanted = _length + bytes + TailBytes;
        if (wanted <= _buffer.Length) return true;
        if (wanted > MaxBytes)
        {
            _full = true;
            return false;
        }
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(MaxBytes, Math.Max(wanted, _buffer.Length * 2)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        return true;
    }
}
