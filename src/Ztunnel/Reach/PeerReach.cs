using Mesh.Hbone;
using Mesh.Model;

namespace Mesh.Ztunnel.Reach;

/// <summary>
/// How one peer's port has answered one pod. A plain value that is copied out for the operator's page; times are UTC.
/// </summary>
internal readonly record struct PeerReach
{
    /// <summary>The pod that dialled, as <c>namespace/name</c>.</summary>
    public required string From { get; init; }

    public required IpPort Address { get; init; }

    /// <summary>The peer's workload as it was when last dialled.</summary>
    public required string Peer { get; init; }

    public required string Node { get; init; }

    public long Reached { get; init; }

    public long Failed { get; init; }

    public int FailuresInRow { get; init; }

    public DateTimeOffset? LastReached { get; init; }

    public DateTimeOffset? LastFailed { get; init; }

    public TunnelFailure LastFailure { get; init; }

    public string LastFailureText { get; init; }

    /// <summary>Nothing at all came back from the port, and nothing has since.</summary>
    public bool IsBlocked => FailuresInRow > 0 && LastFailure == TunnelFailure.DialTimeout;

    /// <summary>What an operator should look at; null when the peer answers.</summary>
    public string? Suspicion => FailuresInRow == 0 ? null : LastFailure switch
    {
        TunnelFailure.DialTimeout => $"a NetworkPolicy or firewall blocks port {Address.Port} between {From} and {Peer}"
            + (Reached == 0 ? "; it never answered" : "; it answered before"),
        TunnelFailure.DialRefused => $"nothing accepts tunnels on port {Address.Port} there: the pod is not enrolled, or its node's proxy does not run",
        TunnelFailure.TlsTimeout => "something accepts connections there and does not speak TLS, or a middlebox swallows what follows the connect",
        TunnelFailure.TlsFailed => "the two sides trust different roots, or a certificate has expired",
        TunnelFailure.WrongIdentity => "another workload answers at this address than the control plane says",
        TunnelFailure.CertificateRevoked => "the certificate that is shown there is on a revocation list",
        TunnelFailure.Http2Failed => "the peer is no proxy of a mesh",
        TunnelFailure.ResponseTimeout => "the peer's proxy answers but cannot reach its application in time",
        TunnelFailure.None or TunnelFailure.NoIdentity or TunnelFailure.Rejected or TunnelFailure.PoolFull or TunnelFailure.Closed => null,
    };

    /// <summary>Two workers' experience of the same pair, as one.</summary>
    public PeerReach Join(PeerReach other)
    {
        var later = Latest(other.LastReached, other.LastFailed) > Latest(LastReached, LastFailed) ? other : this;
        var lastFailed = (other.LastFailed ?? DateTimeOffset.MinValue) > (LastFailed ?? DateTimeOffset.MinValue) ? other : this;
        return later with
        {
            Reached = Reached + other.Reached,
            Failed = Failed + other.Failed,
            // Whoever came last knows; failures elsewhere before it are no row.
            FailuresInRow = later.FailuresInRow == 0 ? 0 : FailuresInRow + other.FailuresInRow,
            LastReached = Max(LastReached, other.LastReached),
            LastFailed = lastFailed.LastFailed,
            LastFailure = lastFailed.LastFailure,
            LastFailureText = lastFailed.LastFailureText,
        };
    }

    private static DateTimeOffset Latest(DateTimeOffset? one, DateTimeOffset? other) => Max(one, other) ?? DateTimeOffset.MinValue;

    private static DateTimeOffset? Max(DateTimeOffset? one, DateTimeOffset? other) => other is null || one > other ? one : other;
}
