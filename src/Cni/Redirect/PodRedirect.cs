using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Netlink;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Redirect;

/// <summary>Puts a pod's redirection into its namespace, looks whether it is still there, and takes it out. Each call may be repeated.</summary>
internal static class PodRedirect
{
    private const string V6OffPath = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
    private static readonly PolicyRoute Return = new(MeshPorts.ReturnMark, MeshPorts.MarkMask, Table: 100, Priority: 32764);

    /// <summary>Routes first, then rules, so that no packet is marked before its way exists. Intact rules are not touched; true if written.</summary>
    public static Task<bool> EnsureAsync(NetworkNamespace pod, RedirectSettings settings) => pod.RunAsync(
        () =>
        {
            // The runtime may bring up loopback at the same time as it calls us, and routes over it need it up.
            Check(LoopbackLink.BringUp(), "loopback");
            var v6 = settings.V6 && HasV6();
            Check(Return.Ensure(v6: false), "IPv4 route");
            if (v6) Check(Return.Ensure(v6: true), "IPv6 route");
            var table = RedirectRules.Render(settings with { V6 = v6 });
            if (Ruleset.Read(RedirectRules.TableName) == Ruleset.FingerprintOf(table)) return false;
            Ruleset.Apply(table);
            return true;
        });

    /// <summary>Whether rules and routes are as they should be.</summary>
    public static Task<bool> IsIntactAsync(NetworkNamespace pod, RedirectSettings settings) => pod.RunAsync(
        () =>
        {
            var v6 = settings.V6 && HasV6();
            return Return.HasRule(v6: false)
                && (!v6 || Return.HasRule(v6: true))
                && Ruleset.Read(RedirectRules.TableName) == Ruleset.FingerprintOf(RedirectRules.Render(settings with { V6 = v6 }));
        });

    /// <summary>Rules first: with them gone nothing is redirected to listeners that are about to close.</summary>
    public static Task RemoveAsync(NetworkNamespace pod) => pod.RunAsync(
        () =>
        {
            Ruleset.Remove(RedirectRules.TableName);
            Check(Return.Remove(v6: false), "IPv4 route");
            Check(Return.Remove(v6: true), "IPv6 route");
            return true;
        });

    private static bool HasV6() => File.Exists(V6OffPath) && File.ReadAllText(V6OffPath).Trim() != "1";

    private static void Check(Errno error, string what)
    {
        if (error != Errno.None) throw new LinuxException(what, error);
    }
}
