using Mesh.Cni.Agent;
using Mesh.Linux;
using Mesh.Linux.Namespaces;

namespace Mesh.Cni.Tests.Agent;

public sealed class PluginEndpointTests : IDisposable
{
    private readonly string _hostRoot = Directory.CreateTempSubdirectory("cni-host").FullName;

    [Theory]
    [InlineData("/var/run/netns", "/var/run/netns/cni-1")]
    [InlineData("/var/run/netns", "/run/netns/cni-1")] // As containerd names it on most systems.
    [InlineData("/run/netns", "/var/run/netns/cni-1")]
    [InlineData("/data/containers/netns", "/data/containers/netns/cni-1")] // spec.cni.netnsDir, which is mounted under its own name.
    public void The_namespace_that_the_runtime_names_is_opened_where_the_folder_is_mounted(string mounted, string named)
    {
        Directory.CreateDirectory(_hostRoot + mounted);
        File.CreateSymbolicLink($"{_hostRoot}{mounted}/cni-1", "/proc/self/ns/net");
        Assert.Equal(Errno.None, PluginEndpoint.Open(_hostRoot, named, out var opened));
        using var own = NetworkNamespace.Open("/proc/self/ns/net");
        Assert.Equal(own.Identity, opened!.Identity);
        opened.Dispose();
    }

    [Theory]
    [InlineData("/var/run/netns/cni-1")]
    [InlineData("/elsewhere/cni-1")]
    public void A_namespace_that_is_not_there_is_said_to_be_missing(string named) =>
        Assert.Equal(Errno.NotFound, PluginEndpoint.Open(_hostRoot, named, out _));

    public void Dispose() => Directory.Delete(_hostRoot, recursive: true);
}
