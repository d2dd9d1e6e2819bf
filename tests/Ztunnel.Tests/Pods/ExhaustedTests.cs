using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Mesh.Inpod;

namespace Mesh.Ztunnel.Tests.Pods;

/// <summary>Alone: it leaves the whole process without descriptors for a while.</summary>
[Trait("Category", "Kernel")]
[CollectionDefinition(nameof(ExhaustedTests), DisableParallelization = true)]
[Collection(nameof(ExhaustedTests))]
public sealed class ExhaustedTests
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_pod_that_comes_when_descriptors_have_run_out_is_served_when_there_are_some_again(int free)
    {
        await using var world = await RegistryWorld.StartWithAgentAsync();
        var inside = world.MakeNamespace();
        await world.AddAsync("earlier", world.MakeNamespace()); // Whatever is opened once is open.
        var limits = new ulong[2];
        Assert.Equal(0, GetLimit(OpenFiles, limits));
        var hoard = new Stack<FileStream>();
        Assert.Equal(0, SetLimit(OpenFiles, [1024, limits[1]]));
        try
        {
            while (TryOpen() is { } one) hoard.Push(one);
            for (var i = 0; i < free; i++) hoard.Pop().Dispose(); // The first takes the namespace.
            var outcome = await world.AddAsync("a", inside);
            Assert.Equal(InpodResult.Refused, outcome.Result);
            Assert.Contains("TooManyFiles", outcome.Error, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var one in hoard) await one.DisposeAsync();
            _ = SetLimit(OpenFiles, limits);
        }

        world.Until("another try", () => world.PodsServed == "a earlier");
        Assert.Equal(RegistryWorld.ListenersPerPod, RegistryWorld.Listeners(inside));
    }

    private static FileStream? TryOpen()
    {
        try
        {
            return File.OpenRead("/dev/null");
        }
        catch (IOException)
        {
            return null; // That was the last one.
        }
    }

    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Generated interop needs unsafe code, which tests have none of.")]
    [DllImport("libc", EntryPoint = "getrlimit")]
    private static extern int GetLimit(int resource, [Out] ulong[] limits);

    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Generated interop needs unsafe code, which tests have none of.")]
    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetLimit(int resource, ulong[] limits);
}
