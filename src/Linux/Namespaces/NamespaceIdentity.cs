namespace Mesh.Linux.Namespaces;

/// <summary>What makes two descriptors the same namespace: device and inode, never the path.</summary>
public readonly record struct NamespaceIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    public override string ToString() => $"net:[{Inode}]";
}
