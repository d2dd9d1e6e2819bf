using System.Diagnostics;

namespace Mesh.Daemon.Tests;

public sealed class ShutdownTests
{
    [Fact]
    public async Task The_terminate_signal_cancels_the_token_and_leaves_the_process_alive()
    {
        using var shutdown = Shutdown.OnSignals();
        using var kill = Process.Start("kill", ["-TERM", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.True(SpinWait.SpinUntil(() => shutdown.Stop.IsCancellationRequested, 5000));
    }

    [Fact]
    public void A_program_may_ask_for_its_own_end_even_after_it()
    {
        var shutdown = Shutdown.OnSignals();
        var stop = shutdown.Stop;
        shutdown.Request();
        Assert.True(stop.IsCancellationRequested);
        shutdown.Dispose();
        shutdown.Request();
    }
}
