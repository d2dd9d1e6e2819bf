using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Model.Snapshot;
using Mesh.Ztunnel.Workers;

namespace Mesh.Ztunnel.Dns;

/// <summary>
/// Addresses of endpoints that the mesh knows by name only, asked for from ztunnel's own namespace when a connection needs one. Names are
/// taken as they are, without a search list. One per worker; loop thread only.
/// </summary>
internal sealed class EndpointNames(EventLoop loop, ProxyContext context)
{
    private DnsForwarder? _forwarder; // Most nodes never need one.

    /// <summary>One of the name's addresses by chance, of this family if there is any; null when it has none or nobody answers.</summary>
    public async ValueTask<Ip?> ResolveAsync(MeshWorkload source, string hostname, bool prefersV4, Random chance)
    {
        var dns = context.Dns;
        dns.Metrics.CountOnDemand(source, hostname);
        // Marked, for a dedicated proxy's own namespace is the pod's, whose questions come back to the proxy.
        var sockets = new SocketOptions { Mark = context.Options.PacketMark };
        _forwarder ??= new DnsForwarder(loop, dns.System.Servers, sockets, null, dns.Log);
        var found = await DnsLookup.AskAsync(_forwarder, hostname, prefersV4, default);
        if (found.Length == 0) found = await DnsLookup.AskAsync(_forwarder, hostname, !prefersV4, default);
        return found.Length == 0 ? null : found[chance.Next(found.Length)];
    }
}
