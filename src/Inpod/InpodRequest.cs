namespace Mesh.Inpod;

/// <summary>One request of the agent; a snapshot's end names no pod.</summary>
public readonly record struct InpodRequest(InpodRequestKind Kind, string Uid, PodInfo? Info)
{
    public static InpodRequest Add(string uid, PodInfo info) => new(InpodRequestKind.Add, uid, info);

    public static InpodRequest Delete(string uid) => new(InpodRequestKind.Delete, uid, Info: null);

    public static InpodRequest Keep(string uid) => new(InpodRequestKind.Keep, uid, Info: null);

    public static InpodRequest SnapshotSent { get; } = new(InpodRequestKind.SnapshotSent, string.Empty, Info: null);
}
