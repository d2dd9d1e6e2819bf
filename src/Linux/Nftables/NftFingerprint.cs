namespace Mesh.Linux.Nftables;

/// <summary>What a table in the kernel says it is (the hash its maker left), and how much of it is there.</summary>
public readonly record struct NftFingerprint(UInt128 Hash, int Chains, int Rules);
