namespace Mesh.Inpod;

/// <summary>The agent behind an <see cref="InpodServer"/>; called on the server's loop.</summary>
public interface IInpodAgent
{
    /// <summary>Every pod that should now be served. The namespaces must live until their pods are deleted.</summary>
    IReadOnlyList<InpodPod> TakeSnapshot();

    /// <summary>A ztunnel said hello, or one went away; how many are now connected, and why one left.</summary>
    void OnConnectionsChanged(int live, string? lost);

    /// <summary>ztunnel refused a pod of the snapshot; it keeps retrying by itself.</summary>
    void OnSnapshotRefused(string uid, string error);
}
