
namespace Mesh.Cni.Plugin;

/// <summary>
/// The plugin: one call of the container runtime, then the process ends. It programs nothing and knows no API server; the agent decides.
/// Writes to standard output only a CNI result or a CNI error.
/// </summary>
internal sealed class PluginCommand(Func<string, string?> variable, Stream input, TextWriter output, string directory, TimeProvider time)
{
    private const string Supported = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.1.0\",\"0.2.0\",\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}";
    private const int InputBytesMax = 4 * 1024 * 1024;
    private static readonly TimeSpan AgentLimit = TimeSpan.FromSeconds(5);

    /// <summary>The exit code.</summary>
    public int Run()
    {
        var call = PluginEnvironment.Read(variable);
        switch (call.Command)
        {
            case "ADD":
                return Add(call);
            case "VERSION":
                output.Write(Supported);
                return 0;
            case "DEL" or "CHECK" or "GC" or "STATUS":
                // Nothing of a pod is kept here, and what is in its namespace goes with it. STATUS must not fail without the agent: a node
                // that is not ready for it could never start the agent.
                return 0;
            default:
                return Fail(PluginConfig.DefaultVersion, new CniError(CniError.InvalidEnvironment, $"CNI_COMMAND '{call.Command}' is unknown", string.Empty));
        }
    }

    private int Add(PluginEnvironment call)
    {
        if (ReadInput() is not { } json)
        {
            var tooLong = new CniError(CniError.UndecodableInput, $"the configuration is longer than {InputBytesMax} bytes", string.Empty);
            return Fail(PluginConfig.DefaultVersion, tooLong);
        }

        if (!PluginConfig.TryParse(json, out var config, out var problem))
        {
            return Fail(PluginConfig.DefaultVersion, new CniError(CniError.UndecodableInput, "the configuration cannot be read", problem));
        }

        if (PassesUnasked(call, config!)) return Pass(config!);
        var request = new AddRequest(call.Netns, call.PodName, call.PodNamespace, config!.Addresses)
        {
            PodUid = call.PodUid,
            ContainerId = call.ContainerId,
            Interface = call.Interface,
        };
        var reply = AgentCall.Post(Path.Combine(config.RunDirectory, PluginConfig.SocketName), "/cmdadd", request.Write(), AgentLimit, time);
        if (reply.IsSuccess) return Pass(config);
        if (!reply.IsUnreachable)
        {
            var cannot = $"pod {call.PodNamespace}/{call.PodName} cannot join the mesh";
            return Fail(config.Version, new CniError(CniError.TryAgainLater, cannot, reply.Text));
        }

        var hints = PluginHints.TryRead(PluginHints.PathBeside(directory));
        if (hints is not null && (hints.IsUninstalled || hints.PlainNamespaces.Contains(call.PodNamespace))) return Pass(config);
        // Whether this pod belongs to the mesh is unknown, and unprotected is worse than late.
        var waits = $"pod {call.PodNamespace}/{call.PodName} waits for the mesh's node agent; if the mesh was removed while this node was away, "
            + $"run '{Path.Combine(directory, "mesh-cni")} uninstall' on the node as root, or take mesh-cni out of its network configuration";
        return Fail(config.Version, new CniError(CniError.TryAgainLater, waits, reply.Text));
    }

    private static bool PassesUnasked(PluginEnvironment call, PluginConfig config)
    {
        if (call.PodName.Length == 0 || call.PodNamespace.Length == 0) return true; // Not Kubernetes' pod.
        if (config.ExcludedNamespaces.Contains(call.PodNamespace)) return true;
        var name = $"{call.PodNamespace}/{call.PodName}";
        foreach (var own in config.OwnPods)
        {
            if (name.StartsWith(own, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    private int Pass(PluginConfig config)
    {
        output.Write(config.PreviousResult ?? $"{{\"cniVersion\":\"{config.Version}\"}}");
        return 0;
    }

    private int Fail(string version, CniError error)
    {
        output.Write(error.Write(version));
        return 1;
    }

    private ReadOnlyMemory<byte>? ReadInput()
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = input.Read(buffer)) > 0)
        {
            if (all.Length + read > InputBytesMax) return null;
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
