using System.Collections.Immutable;
using Mesh.Daemon.Logging;
using Mesh.Daemon.Metering;
using Mesh.Linux.Sockets;
using Mesh.Ztunnel.Options;

namespace Mesh.Ztunnel.Dns;

/// <summary>What every answerer of names shares. Made once; any thread.</summary>
internal sealed record DnsSettings(
    MeshNames Names, ResolvConf System, DnsMetrics Metrics, LogScope Log, ImmutableArray<InetEndpoint> Listen, bool IsServing)
{
    /// <summary>Reads the name servers; without any, names of the mesh are answered all the same.</summary>
    public static DnsSettings Create(ZtunnelOptions options, Log log, Metrics metrics)
    {
        var scope = log.Scope("dns");
        var (system, problem) = ResolvConf.Read(ResolvConf.SystemPath);
        if (problem is not null && options.DnsEnabled)
        {
            var line = scope.Begin(Microsoft.Extensions.Logging.LogLevel.Warning, "names outside of the mesh cannot be resolved");
            line.Text("error", problem);
            line.End();
        }

        // In a pod's namespace the search list of the pod is what counts, and it is the same for all of them.
        var search = options.Mode == ProxyMode.Shared ? default(IEnumerable<string>) : system.Search;
        var domain = options.IsClusterDomainGiven ? options.ClusterDomain : system.ClusterDomain ?? options.ClusterDomain;
        return new DnsSettings(
            new MeshNames(domain, options.PreferredServiceNamespace, search),
            system,
            new DnsMetrics(metrics),
            scope,
            DnsListenAddress.Parse(options.DnsProxyAddress) ?? [],
            options.DnsEnabled);
    }
}
