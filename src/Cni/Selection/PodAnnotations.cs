using Mesh.Cni.Redirect;
using Mesh.Kubernetes.Objects;

namespace Mesh.Cni.Selection;

/// <summary>The annotations of a pod that change how it is redirected, and the one that says that it is.</summary>
internal static class PodAnnotations
{
    public const string Redirection = "ambient.istio.io/redirection";
    public const string Enabled = "enabled";
    public const string Pending = "pending";
    private const string BypassInbound = "ambient.istio.io/bypass-inbound-capture";
    private const string DnsCapture = "ambient.istio.io/dns-capture";
    private const string VirtualInterfaces = "istio.io/reroute-virtual-interfaces";
    private const int InterfaceNameMax = 15;

    /// <summary>The node's settings as this pod changes them; what cannot be read changes nothing and is named.</summary>
    public static RedirectSettings Apply(StringMap annotations, RedirectSettings node, out string? ignored)
    {
        ignored = null;
        var bypass = ReadBoolean(annotations, BypassInbound, fallback: false, ref ignored);
        var dns = ReadBoolean(annotations, DnsCapture, node.CapturesDns, ref ignored);
        var interfaces = new List<string>();
        var named = annotations.Find(VirtualInterfaces) ?? string.Empty;
        foreach (var name in named.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (name.Length <= InterfaceNameMax && name.All(char.IsAscii)) interfaces.Add(name);
            else ignored = $"{VirtualInterfaces}: '{name}' is no interface name";
        }

        return node with { BypassesInbound = bypass, CapturesDns = dns, VirtualInterfaces = interfaces };
    }

    private static bool ReadBoolean(StringMap annotations, string key, bool fallback, ref string? ignored)
    {
        switch (annotations.Find(key))
        {
            case null:
                return fallback;
            case "true" or "True" or "TRUE" or "1" or "t" or "T":
                return true;
            case "false" or "False" or "FALSE" or "0" or "f" or "F":
                return false;
            case { } other:
                ignored = $"{key}: '{other}' is no boolean";
                return fallback;
        }
    }
}
