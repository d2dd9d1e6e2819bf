using System.Diagnostics;
using Mesh.Demo;
using Mesh.Demo.Proof;

namespace Mesh.EndToEnd.Tests;

/// <summary>One TCP connection from client to server that stays open: each line sent comes back.</summary>
internal sealed class HeldConnection : IAsyncDisposable
{
    private readonly Process _process;

    private HeldConnection(Process process) => _process = process;

    public static async Task<HeldConnection> OpenAsync(Cluster cluster)
    {
        var start = new ProcessStartInfo(cluster.Kubectl)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in new[] { "exec", "-i", "-n", Workloads.Namespace, "client", "--", "nc", $"server.{Workloads.Namespace}", Workloads.EchoPort.ToString() })
            start.ArgumentList.Add(argument);
        var held = new HeldConnection(Process.Start(start)!);
        if (!await held.EchoesAsync("opened")) throw new DemoException("opening a connection that stays", "the server did not echo");
        return held;
    }

    public async Task<bool> EchoesAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try { return (await _process.StandardOutput.ReadLineAsync(limit.Token))?.Trim() == line; }
        catch (OperationCanceledException) { return false; }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
