namespace Mesh.Cni.Plugin;

/// <summary>What the runtime tells the plugin by environment variables.</summary>
internal sealed record PluginEnvironment(
    string Command, string ContainerId, string Netns, string Interface, string PodName, string PodNamespace, string PodUid)
{
    public static PluginEnvironment Read(Func<string, string?> variable)
    {
        var (name, space, uid) = (string.Empty, string.Empty, string.Empty);
        foreach (var pair in (variable("CNI_ARGS") ?? string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) continue;
            var value = pair[(equals + 1)..];
            switch (pair[..equals])
            {
                case "K8S_POD_NAME":
                    name = value;
                    break;
                case "K8S_POD_NAMESPACE":
                    space = value;
                    break;
                case "K8S_POD_UID":
                    uid = value;
                    break;
                default:
                    break; // Other plugins' arguments.
            }
        }

        return new PluginEnvironment(
            variable("CNI_COMMAND") ?? string.Empty,
            variable("CNI_CONTAINERID") ?? string.Empty,
            variable("CNI_NETNS") ?? string.Empty,
            variable("CNI_IFNAME") ?? string.Empty,
            name,
            space,
            uid);
    }
}
