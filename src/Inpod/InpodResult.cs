namespace Mesh.Inpod;

/// <summary>The kinds of answer a request may get.</summary>
public enum InpodResult
{
    Acked,

    /// <summary>ztunnel said no, and why.</summary>
    Refused,

    /// <summary>The connection broke or timed out before the answer.</summary>
    Lost,

    /// <summary>Nobody to ask.</summary>
    NotConnected,
}
