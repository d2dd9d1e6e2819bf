namespace Mesh.Linux.Nftables;

/// <summary>A whole table of family inet as it should be. A value: it says nothing of the kernel until it is applied.</summary>
public sealed record NftTable(string Name, IReadOnlyList<NftSet> Sets, IReadOnlyList<NftChain> Chains);
