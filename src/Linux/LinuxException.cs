namespace Mesh.Linux;

/// <summary>A system call failed where only our own mistake or an exhausted machine can be the reason.</summary>
public sealed class LinuxException(string call, Errno error) : IOException($"{call} failed: {error} ({(int)error})")
{
    public Errno Error { get; } = error;
}
