using Mesh.Linux.Sockets;
using Mesh.Model;
using Mesh.Ztunnel.Pods;

namespace Mesh.Ztunnel.Inbound;

/// <summary>
/// From which address the application is dialled. Without keepalive and user timeout: our own kernel holds both ends, so a peer cannot
/// vanish without a word, and one that merely does not read for a while is not gone.
/// </summary>
internal static class ApplicationDial
{
    /// <summary>The client's own address where the kernel lets us, so that the application sees its real client.</summary>
    public static SocketOptions OptionsFor(PodProxy pod, Ip client, Ip target, bool onLoopback)
    {
        var keepsClient = pod.PreservesSource && !onLoopback && client != target && client.IsV4 == target.IsV4;
        return new SocketOptions
        {
            Namespace = pod.Namespace,
            Mark = pod.Mark,
            BindTo = keepsClient ? InetEndpoint.From(client.ToIPAddress(), 0) : null,
            Transparency = keepsClient ? Transparency.Required : Transparency.Off,
            StaysOnMachine = true,
        };
    }
}
