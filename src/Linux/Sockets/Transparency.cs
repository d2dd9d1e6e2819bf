namespace Mesh.Linux.Sockets;

/// <summary>Whether a socket may carry addresses that are not the machine's own.</summary>
public enum Transparency
{
    Off,
    BestEffort,
    Required,
}
