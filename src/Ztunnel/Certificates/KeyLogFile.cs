using Mesh.Linux;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Certificates;

/// <summary>
/// Writes the secrets of every TLS connection to a file in the key log format that packet analysers read, for debugging: who has the file
/// and a capture reads all traffic. Any thread.
/// </summary>
internal sealed class KeyLogFile(AppendFile file, ILogger log, long bytesMax = KeyLogFile.BytesMaxDefault) : IDisposable
{
    /// <summary>A forgotten debugging option must not fill the node's disk: some 700,000 handshakes.</summary>
    public const long BytesMaxDefault = 512L * 1024 * 1024;

    private const int LineBytesMax = 1024;
    private readonly Lock _gate = new();
    private long _written;
    private bool _isOver;

    /// <summary>Opens the file to add to it, readable by nobody else; null with the reason when it cannot be.</summary>
    public static KeyLogFile? TryOpen(string path, ILogger log, out string? problem)
    {
        var error = AppendFile.TryOpen(path, UnixFileMode.UserRead | UnixFileMode.UserWrite, out var file);
        problem = file is null ? error.ToString() : null;
        return file is null ? null : new KeyLogFile(file, log);
    }

    /// <summary>One line of a handshake.</summary>
    public void Write(ReadOnlySpan<byte> line)
    {
        if (line.Length >= LineBytesMax) return;
        Span<byte> whole = stackalloc byte[LineBytesMax];
        line.CopyTo(whole);
        whole[line.Length] = (byte)'\n';
        whole = whole[..(line.Length + 1)];
        lock (_gate)
        {
            if (_isOver) return;
            _written += whole.Length;
            if (_written > bytesMax)
            {
                _isOver = true;
                log.LogWarning("SSLKEYLOGFILE has taken {Bytes} bytes; no further secrets are written", bytesMax);
                return;
            }

            var error = file.TryWrite(whole);
            if (error == Errno.None) return;
            _isOver = true;
            log.LogWarning("SSLKEYLOGFILE takes no further secrets: {Error}", error);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            file.Dispose();
        }
    }
}
