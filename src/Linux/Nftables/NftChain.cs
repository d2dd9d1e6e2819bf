namespace Mesh.Linux.Nftables;

/// <summary>A base chain and its rules, in order; what no rule decides is accepted.</summary>
public sealed record NftChain(string Name, NftChainType Type, NftHook Hook, int Priority, IReadOnlyList<NftRule> Rules);
