using Mesh.Hbone;
using Mesh.Identity;

namespace Mesh.Ztunnel.Certificates;

/// <summary>One identity's certificate and what became of the attempts to get it. Written by its own refresh loop, read by any thread.</summary>
internal sealed class CertificateEntry(SpiffeId id, CancellationTokenSource end)
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TunnelIdentity? _identity;

    public SpiffeId Id { get; } = id;

    /// <summary>Ends the refreshing of this entry.</summary>
    public CancellationTokenSource End { get; } = end;

    /// <summary>Completes with the first result, good or bad.</summary>
    public Task First => _first.Task;

    public TunnelIdentity? Identity => Volatile.Read(ref _identity);

    public string? Problem { get; private set; }

    public CertificateState State => Identity is not null ? CertificateState.Available
        : First.IsCompleted ? CertificateState.Unavailable : CertificateState.Initializing;

    public TunnelIdentity? Store(TunnelIdentity? identity)
    {
        var old = Interlocked.Exchange(ref _identity, identity);
        Problem = null;
        _first.TrySetResult();
        return old;
    }

    public void Fail(string problem)
    {
        Problem = problem;
        _first.TrySetResult();
    }
}
