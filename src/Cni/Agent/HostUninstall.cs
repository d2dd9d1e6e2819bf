using System.Globalization;
using System.Net.Sockets;
using Mesh.Cni.Install;
using Mesh.Cni.Plugin;
using Mesh.Cni.Redirect;
using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Nftables;
using Microsoft.Extensions.Logging;

namespace Mesh.Cni.Agent;

/// <summary>
/// Takes the mesh off a node that was away while the mesh was removed: run by hand on the host, without a cluster to ask. What the
/// agent would take from the pods that the API server names, this takes from every namespace that a process is in.
/// </summary>
internal sealed class HostUninstall(HostInstall install, string runDirectory, string proc, NetworkNamespace host, ILogger log)
{
    /// <summary>False when something of the mesh is still there.</summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        if (IsAgentThere())
        {
            log.LogError("the mesh's agent runs on this node: remove the mesh with kubectl delete meshinstall default, or end its pod first");
            return false;
        }

        var isClean = RemovePlugin();
        var freed = 0;
        var seen = new HashSet<NamespaceIdentity> { host.Identity };
        foreach (var folder in Directory.EnumerateDirectories(proc))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out _)) continue;
            stop.ThrowIfCancellationRequested();
            // A process may have ended meanwhile; that of a pod in the mesh has others beside it or none.
            if (NetworkNamespace.TryOpen($"{folder}/ns/net", out var opened) != Errno.None) continue;
            using var pod = opened!;
            if (!seen.Add(pod.Identity)) continue;
            switch (await FreeAsync(pod))
            {
                case true:
                    freed++;
                    break;
                case null:
                    isClean = false;
                    break;
            }
        }

        isClean &= await ForgetProbesAsync();
        log.LogInformation("{Count} pods left the mesh; new pods start without it", freed);
        return isClean;
    }

    private bool IsAgentThere()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(runDirectory, PluginConfig.SocketName)));
            return true;
        }
        catch (SocketException)
        {
            return false; // Nobody listens there any more, or nobody ever did.
        }
    }

    private bool RemovePlugin()
    {
        try
        {
            install.Remove();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
        {
            log.LogError("the plugin stays in the network configuration: {Problem}", e.Message);
            return false;
        }
    }

    // True when it had rules of ours, null when they are still there.
    private async Task<bool?> FreeAsync(NetworkNamespace pod)
    {
        try
        {
            if (await pod.RunAsync(static () => Ruleset.Read(RedirectRules.TableName)) is null) return false;
            await PodRedirect.RemoveAsync(pod);
            return true;
        }
        catch (LinuxException e)
        {
            log.LogError("namespace {Namespace} keeps its rules: {Problem}", pod.Identity, e.Message);
            return null;
        }
    }

    private async Task<bool> ForgetProbesAsync()
    {
        try
        {
            await host.RunAsync(
                static () =>
                {
                    Ruleset.Remove(ProbeRules.TableName);
                    return true;
                });
            return true;
        }
        catch (LinuxException e)
        {
            log.LogError("the probes' table stays: {Problem}", e.Message);
            return false;
        }
    }
}
