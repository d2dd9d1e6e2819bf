namespace Mesh.Inpod;

/// <summary>What the agent asks of ztunnel; the values are the field numbers on the wire.</summary>
public enum InpodRequestKind
{
    None = 0,

    /// <summary>Serve this pod; its network namespace comes along as a descriptor.</summary>
    Add = 1,

    /// <summary>Stop serving this pod.</summary>
    Delete = 2,

    /// <summary>Everything that should run was named since the connection began.</summary>
    SnapshotSent = 3,

    /// <summary>Go on serving this pod, whose namespace the agent has not found again.</summary>
    Keep = 5,
}
