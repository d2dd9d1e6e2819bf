namespace Mesh.Operator.Install;

/// <summary>What became of one object in one pass.</summary>
internal enum ApplyAction
{
    /// <summary>It was as we want it; nothing was written.</summary>
    InSync,
    Created,
    /// <summary>What we want had changed.</summary>
    Updated,
    /// <summary>Somebody had edited it.</summary>
    Corrected,
    /// <summary>Somebody had edited it, and the spec tells us to leave it so.</summary>
    LeftDrifted,
    /// <summary>It is being deleted; it can be made anew when it is gone.</summary>
    Terminating,
}
