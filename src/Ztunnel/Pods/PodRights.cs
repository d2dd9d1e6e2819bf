using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Sockets;
using Mesh.Ztunnel.Options;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Pods;

/// <summary>What the kernel lets this process do for pods, asked once before anything runs: later every pod would be refused by itself.</summary>
internal static class PodRights
{
    /// <summary>The options as they can be had here, or which right is missing.</summary>
    public static (ZtunnelOptions Options, string? Problem) Check(ZtunnelOptions options, ILogger log)
    {
        if (!options.ProxyEnabled) return (options, null);
        if (options.Mode == ProxyMode.Shared && NetworkNamespace.TryReenterOwn() is var entered and not Errno.None)
        {
            return (options, $"network namespaces cannot be entered ({entered}): serving pods needs CAP_SYS_ADMIN");
        }

        if (new SocketOptions { Mark = options.PacketMark }.Probe() is var marked and not Errno.None)
        {
            return (options, $"sockets cannot be marked ({marked}): PACKET_MARK {options.PacketMark} needs CAP_NET_ADMIN");
        }

        if (options.PreserveSource == false) return (options, null);
        var transparent = new SocketOptions { Transparency = Transparency.Required }.Probe();
        if (transparent == Errno.None) return (options, null);
        if (options.PreserveSource == true)
        {
            return (options, $"sockets cannot be transparent ({transparent}): ENABLE_ORIG_SRC needs CAP_NET_ADMIN or CAP_NET_RAW");
        }

        if (transparent != Errno.NotPermitted) return (options, null); // Not a lack of rights: the pods will tell.
        log.LogWarning(
            "applications will see this proxy's address instead of their clients': transparent sockets need CAP_NET_ADMIN or CAP_NET_RAW"
            + " (ENABLE_ORIG_SRC=true would refuse to start, false says that it is meant)");
        return (options with { PreserveSource = false }, null);
    }
}
