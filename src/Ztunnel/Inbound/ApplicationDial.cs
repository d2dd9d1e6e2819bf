using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Inbound;

/// <summary>From which address the application is dialled.</summary>
internal static class ApplicationDial
{
    /// <summary>
    /// The client's own address where the kernel lets us, so that the application sees its real client. With keepalive from the start,
    /// unless whoever dials sees to it later.
    /// </summary>
    public static SocketOptions OptionsFor(PodProxy pod, Ip client, Ip target, bool onLoopback, bool keepAlive)
    {
        var keepsClient = pod.PreservesSource && !onLoopback && client != target && client.IsV4 == target.IsV4;
        var options = pod.DialOptions;
        return options with
        {
            BindTo = keepsClient ? InetEndpoint.From(client.ToIPAddress(), 0) : null,
            Transparency = keepsClient ? Transparency.Required : Transparency.Off,
            KeepAlive = keepAlive ? options.KeepAlive : null,
            StaysOnMachine = onLoopback || pod.Local.Workload?.HasAddress(target) == true, // A pod may route for others.
        };
    }
}
