namespace Mesh.Cni.Install;

/// <summary>How a round of installing ended; the names are those of the metric's label.</summary>
internal enum InstallOutcome
{
    /// <summary>All was in place already.</summary>
    Unchanged,
    Installed,
    CopyFailed,
    ConfigFailed,

    /// <summary>No other plugin has written a configuration yet that ours could join.</summary>
    NoConfig,
}
