namespace Mesh.Xds.Server;

/// <summary>Names that differ between a snapshot and the one before it: added, changed or gone.</summary>
public sealed record ResourceChanges(long SnapshotNumber, IReadOnlyList<string> Addresses, IReadOnlyList<string> Policies)
{
    public static ResourceChanges None { get; } = new(0, [], []);

    public bool IsEmpty => Addresses.Count == 0 && Policies.Count == 0;
}
