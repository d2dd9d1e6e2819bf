using System.Collections.Concurrent;
using Mesh.Identity;
using Mesh.Ztunnel.Certificates;

namespace Mesh.Ztunnel.Tests.Certificates;

/// <summary>Signs really, and is as slow, broken or late as the test says.</summary>
internal sealed class TestAuthority(TimeProvider time) : ICertificateSource
{
    private readonly CertificateIssuer _issuer =
        CertificateIssuer.CreateSelfSigned("mesh", IssuerKeyKind.Ec256, time.GetUtcNow() - TimeSpan.FromDays(100), TimeSpan.FromDays(3650));
    private int _running;

    public ConcurrentQueue<(SpiffeId Id, DateTimeOffset At)> Asked { get; } = new();
    public int Running => Volatile.Read(ref _running);
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long before now a certificate was made.</summary>
    public TimeSpan Age { get; set; }

    public Func<Exception>? Fault { get; set; }
    public string? Refusal { get; set; }

    /// <summary>Answers wait for it.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public async Task<CertificateResult> IssueAsync(SpiffeId identity, CancellationToken stop)
    {
        Asked.Enqueue((identity, time.GetUtcNow()));
        Interlocked.Increment(ref _running);
        try
        {
            if (Gate is { } gate) await gate.Task.WaitAsync(stop);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }

        if (Fault is { } fault) throw fault();
        if (Refusal is { } refusal) return CertificateResult.Failed(refusal);
        using var request = SigningRequest.Create(identity);
        var issued = _issuer.Issue(request.Pem, identity, time.GetUtcNow() - Age, Lifetime);
        return new CertificateResult(request.TryComplete(issued.ChainPem, out _), _issuer.Roots, null);
    }
}
