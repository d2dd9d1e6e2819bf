namespace Mesh.Linux.Loops;

/// <summary>Bytes in order, or packets that keep their bounds.</summary>
public enum UnixSocketKind
{
    Stream,
    Packets,
}
