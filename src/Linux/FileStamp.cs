namespace Mesh.Linux;

/// <summary>Which file a path names and when it last changed: equal stamps, equal content, as far as the kernel can tell.</summary>
public readonly record struct FileStamp
{
    public required uint DeviceMajor { get; init; }
    public required uint DeviceMinor { get; init; }
    public required ulong Inode { get; init; }
    public required ulong Length { get; init; }
    public required long ModifiedSeconds { get; init; }
    public required uint ModifiedNanoseconds { get; init; }

    /// <summary>Of content or attributes; unlike the time of modification nobody can set it.</summary>
    public required long ChangedSeconds { get; init; }
    public required uint ChangedNanoseconds { get; init; }
}
