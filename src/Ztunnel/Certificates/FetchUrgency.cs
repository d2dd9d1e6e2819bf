namespace Mesh.Ztunnel.Certificates;

/// <summary>Why a certificate is asked for; the first come first.</summary>
internal enum FetchUrgency
{
    /// <summary>A connection waits for it.</summary>
    Awaited,

    /// <summary>There is none yet, or no valid one.</summary>
    Missing,

    Renewal,
}
