namespace Mesh.Linux.Loops;

/// <summary>What epoll said about a descriptor, by the kernel's own bits.</summary>
[Flags]
public enum ReadyEvents
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,
    Error = 0x8,
    HangUp = 0x10,

    /// <summary>The peer will send no more; bytes may still be waiting.</summary>
    PeerDone = 0x2000,
}
