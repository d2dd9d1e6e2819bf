namespace Mesh.Linux.Nftables;

/// <summary>What a base chain may do.</summary>
public enum NftChainType
{
    Filter,

    /// <summary>As filter, and a changed mark routes the packet again.</summary>
    Route,

    /// <summary>Sees only the first packet of a flow.</summary>
    Nat,
}
