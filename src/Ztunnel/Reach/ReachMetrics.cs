using Mesh.Daemon.Metering;
using Mesh.Hbone;

namespace Mesh.Ztunnel.Reach;

/// <summary>Counts of tunnels asked for by outcome, and of peers that look blocked. Any thread.</summary>
internal sealed class ReachMetrics
{
    private readonly Counter[] _outcomes;

    public ReachMetrics(Metrics metrics)
    {
        var family = metrics.Counters("mesh_peer_dials", "Streams asked of peers' port 15008, by outcome.", ["outcome"]);
        _outcomes = [.. Enum.GetValues<TunnelFailure>().Select(outcome => family.With(WordOf(outcome)))];
        Blocked = metrics.Gauge("mesh_peers_blocked", "Peers whose port 15008 does not answer: a NetworkPolicy or firewall may block it.");
        Ejections = metrics.Counter("mesh_endpoint_ejections", "Endpoints that were given a rest after they could not be reached.");
    }

    /// <summary>Pairs of a pod here and a peer; workers count for themselves.</summary>
    public Gauge Blocked { get; }

    public Counter Ejections { get; }

    public void Count(TunnelFailure outcome) => _outcomes[(int)outcome].Increment();

    internal static string WordOf(TunnelFailure outcome) => outcome switch
    {
        TunnelFailure.None => "reached",
        TunnelFailure.NoIdentity => "no_identity",
        TunnelFailure.DialTimeout => "dial_timeout",
        TunnelFailure.DialRefused => "dial_refused",
        TunnelFailure.TlsTimeout => "tls_timeout",
        TunnelFailure.TlsFailed => "tls_failed",
        TunnelFailure.WrongIdentity => "wrong_identity",
        TunnelFailure.CertificateRevoked => "certificate_revoked",
        TunnelFailure.Http2Failed => "http2_failed",
        TunnelFailure.ResponseTimeout => "response_timeout",
        TunnelFailure.Rejected => "rejected",
        TunnelFailure.PoolFull => "pool_full",
        TunnelFailure.Closed => "closed",
    };
}
