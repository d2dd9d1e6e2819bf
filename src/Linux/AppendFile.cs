using System.Text;
using Mesh.Linux.Interop;

namespace Mesh.Linux;

/// <summary>
/// A file that is only added to, which the framework cannot open: each write lands whole at the end, whoever else writes to it. The owner
/// serialises its own writes.
/// </summary>
public sealed unsafe class AppendFile : IDisposable
{
    private readonly SafeFileDescriptor _descriptor;

    private AppendFile(SafeFileDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>Opens or makes the file; its mode becomes exactly this one, also where it was there before.</summary>
    public static Errno TryOpen(string path, UnixFileMode mode, out AppendFile? file)
    {
        file = null;
        fixed (byte* at = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var number = Libc.open(at, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND | Libc.O_CLOEXEC, (uint)mode);
            if (number < 0) return Libc.LastError;
            var descriptor = new SafeFileDescriptor(number);
            if (Libc.fchmod(number, (uint)mode) != 0)
            {
                var error = Libc.LastError;
                descriptor.Dispose();
                return error;
            }

            file = new AppendFile(descriptor);
            return Errno.None;
        }
    }

    public Errno TryWrite(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_descriptor.IsClosed, this);
        fixed (byte* at = bytes)
        {
            while (true)
            {
                var written = Libc.write(_descriptor.Number, at, (nuint)bytes.Length);
                if (written == bytes.Length) return Errno.None;
                if (written >= 0) return Errno.NoSpace; // Only a full disk takes a part of a line.
                if (Libc.LastError is var error && error != Errno.Interrupted) return error;
            }
        }
    }

    public void Dispose() => _descriptor.Dispose();
}
