namespace Mesh.Linux.Netlink;

/// <summary>How a request ended, and which message of it failed, by its number.</summary>
internal readonly record struct NetlinkOutcome(Errno Error, uint Sequence)
{
    public static NetlinkOutcome Success { get; } = new(Errno.None, 0);
}
