using System.Net;

namespace Mesh.Linux.Nftables;

/// <summary>A named set of addresses of one family.</summary>
public sealed record NftSet(string Name, bool V6, IReadOnlyList<IPAddress> Addresses);
