namespace Mesh.Linux.Loops;

/// <summary>One packet of a UNIX socket: its length and the descriptors that came with it, which the receiver now owns.</summary>
public readonly record struct ReceivedPacket(int Bytes, bool IsTruncated, IReadOnlyList<SafeFileDescriptor> Descriptors)
{
    public void DisposeDescriptors()
    {
        foreach (var descriptor in Descriptors) descriptor.Dispose();
    }
}
