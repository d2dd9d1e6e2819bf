using Mesh.Hbone;
using Mesh.Identity;

namespace Mesh.Ztunnel.Certificates;

/// <summary>One identity's certificate and what became of the attempts to get it. Written by its own refresh loop, read by any thread.</summary>
internal sealed class CertificateEntry(SpiffeId id)
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private TunnelIdentity? _identity;

    public SpiffeId Id { get; } = id;

    /// <summary>Ends the refreshing of this entry. Without timer or parent, so there is nothing to dispose, and cancelling it is always right.</summary>
    public CancellationTokenSource End { get; } = new();

    /// <summary>Its place among those who ask the CA.</summary>
    public FetchTurn Turn { get; } = new();

    /// <summary>Completes with the first result, good or bad.</summary>
    public Task First => _first.Task;

    public TunnelIdentity? Identity => Volatile.Read(ref _identity);

    public string? Problem { get; private set; }

    public CertificateState State => Identity is not null ? CertificateState.Available
        : First.IsCompleted ? CertificateState.Unavailable : CertificateState.Initializing;

    /// <summary>Puts another in its place; the one that was there. Made inside, so that a change of what it is made of is not missed.</summary>
    public TunnelIdentity? Replace(Func<TunnelIdentity?> make)
    {
        lock (_gate)
        {
            var old = Interlocked.Exchange(ref _identity, make());
            Problem = null;
            _first.TrySetResult();
            return old;
        }
    }

    /// <summary>Makes another of the one that is there; the one that was there, or null when there is none.</summary>
    public TunnelIdentity? Renew(Func<TunnelIdentity, TunnelIdentity> make)
    {
        lock (_gate) return _identity is { } now ? Interlocked.Exchange(ref _identity, make(now)) : null;
    }

    public void Fail(string problem)
    {
        Problem = problem;
        _first.TrySetResult();
    }
}
