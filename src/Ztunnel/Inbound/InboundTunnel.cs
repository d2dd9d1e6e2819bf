using Mesh.Hbone;
using Mesh.Identity;
using Mesh.Linux.Loops;
using Mesh.Linux.Sockets;
using Mesh.Model.Decisions;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Pods;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Inbound;

/// <summary>One accepted tunnel of a peer; each of its CONNECTs becomes an <see cref="InboundConnection"/>. Loop thread only.</summary>
internal sealed class InboundTunnel(PodLane lane, LoopSocket socket, InetEndpoint peer) : IConnectOwner
{
    private TunnelServer? _server;
    private string? _principal;
    private bool _isDraining;
    private bool _isOddToldOf;

    public PodLane Lane { get; } = lane;

    /// <summary>The peer's identity as policies name it, made once per tunnel.</summary>
    public string Principal => _principal ??= _server!.Peer!.Identity.Principal;

    public async Task RunAsync()
    {
        var local = socket.LocalAddress;
        Lane.Track(this);
        try
        {
            var (identity, problem) = await FindIdentityAsync();
            if (identity is null)
            {
                socket.Dispose();
                Fail(local, "no_identity", problem!);
                return;
            }

            if (IsOfThisNode()) socket.StaysOnMachine();
            _server = new TunnelServer(socket, identity, Lane.Worker.Context.Hbone, this, Lane.Worker.Loop.Time);
            if (_isDraining) _server.Drain();
            var end = await _server.RunAsync();
            if (_server.Peer is null) FailHandshake(local, end);
        }
        catch (Exception fault)
        {
            Lane.Worker.Context.Log.Scope("inbound").LogError(fault, "a tunnel failed by a fault of the proxy");
            socket.Dispose();
        }
        finally
        {
            Lane.Worker.InboundTunnels.Decrement();
            Lane.Forget(this);
        }
    }

    public void OnConnect(ConnectRequest request)
    {
        var connection = new InboundConnection(this, request, peer);
        _ = connection.RunAsync();
    }

    public void OnBadRequest()
    {
        Lane.Worker.Context.Metrics.CountRefused(MeshPorts.InboundHbone, "not_connect");
        if (_isOddToldOf) return; // Requests are cheap to make, lines are not.
        _isOddToldOf = true;
        Lane.Worker.Context.AccessLog.Failed(
            peer.ToIpPort(), socket.LocalAddress.ToIpPort(), Direction.Inbound, "a request other than CONNECT, answered 400");
    }

    /// <summary>Tells the peer to open no more; what runs goes on.</summary>
    public void Drain()
    {
        _isDraining = true;
        _server?.Drain();
    }

    public void Cut()
    {
        if (_server is { } server) server.Cut(TunnelEndReason.Drained);
        else socket.Dispose();
    }

    /// <summary>Newer revocation lists hold: ends the tunnel if they name its client; how many connections it carried.</summary>
    public int CutIfRevoked(RevocationLists lists) => _server?.CutIfRevoked(lists) ?? 0; // One that looks for its identity still gets the newest.

    private bool IsOfThisNode()
    {
        var (mesh, workload) = (Lane.Pod.Local.Mesh, Lane.Pod.Local.Workload);
        return workload is not null && mesh.FindWorkload(workload.Network, peer.ToIpPort().Address) is { } client && Lane.Worker.Context.IsOnThisNode(client);
    }

    private async ValueTask<(TunnelIdentity? Identity, string? Problem)> FindIdentityAsync()
    {
        if (await Lane.Pod.WaitForWorkloadAsync(Lane.Worker.Loop) is not { Workload: { } workload })
        {
            return (null, InboundRefusals.TextOf(InboundRefusal.UnknownWorkload));
        }

        var certificates = Lane.Worker.Context.Certificates;
        var identity = certificates.Find(workload.Identity) ?? await certificates.GetAsync(workload.Identity, Lane.Worker.Context.Options.WorkloadWait);
        return (identity, identity is null ? $"no certificate for {workload.Identity}: {certificates.ProblemOf(workload.Identity)}" : null);
    }

    private void FailHandshake(InetEndpoint local, TunnelEnd end)
    {
        var isRevoked = end.Reason == TunnelEndReason.CertificateRevoked;
        if (isRevoked) Lane.Worker.Context.Metrics.CountRevoked(Direction.Inbound, 1);
        Fail(local, isRevoked ? "revoked" : "handshake", $"{end.Reason}: {end.Detail}");
    }

    private void Fail(InetEndpoint local, string word, string error)
    {
        var context = Lane.Worker.Context;
        context.Metrics.CountRefused(MeshPorts.InboundHbone, word);
        context.AccessLog.Failed(peer.ToIpPort(), local.ToIpPort(), Direction.Inbound, error);
    }
}
