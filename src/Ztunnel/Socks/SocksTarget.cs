using Mesh.Model;

namespace Mesh.Ztunnel.Socks;

/// <summary>Where a SOCKS5 client wants to go: an address, or a name to be resolved.</summary>
internal readonly record struct SocksTarget(Ip? Address, string Hostname, ushort Port);
