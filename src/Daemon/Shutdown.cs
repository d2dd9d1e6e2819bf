using System.Runtime.InteropServices;

namespace Mesh.Daemon;

/// <summary>Turns SIGTERM and SIGINT into one cancelled token; a second SIGINT ends the process at once.</summary>
public sealed class Shutdown : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _interrupts;

    private Shutdown() { }

    /// <summary>Cancelled when the process was asked to end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Starts to listen for the two signals; disposing gives them back to the runtime.</summary>
    public static Shutdown OnSignals()
    {
        var shutdown = new Shutdown();
        shutdown._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, shutdown.OnSignal));
        shutdown._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, shutdown.OnSignal));
        return shutdown;
    }

    /// <summary>Ends the process as a signal would, for an admin request or a fatal fault.</summary>
    public void Request()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The program is past its end: nobody is left to tell.
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Not cancelling the context leaves the default action: the impatient second Ctrl-C kills.
        var again = context.Signal == PosixSignal.SIGINT && Interlocked.Increment(ref _interrupts) > 1;
        context.Cancel = !again;
        Request();
    }
}
