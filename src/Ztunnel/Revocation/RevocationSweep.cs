using Mesh.Hbone;
using Mesh.Ztunnel.Certificates;
using Mesh.Ztunnel.Observe;
using Mesh.Ztunnel.Workers;
using Microsoft.Extensions.Logging;

namespace Mesh.Ztunnel.Revocation;

/// <summary>
/// Applies new revocation lists: to coming handshakes, then to the tunnels that live, of which only the revoked ones end. One call at a time.
/// </summary>
internal sealed class RevocationSweep(CertificateStore certificates, IReadOnlyList<Worker> workers, ConnectionMetrics metrics, ILogger log)
{
    public async Task ApplyAsync(RevocationCheck check)
    {
        // First what begins from now on, or a handshake that ends between the two would be missed by both.
        foreach (var revoked in certificates.Reissue(check))
        {
            log.LogError("the certificate of {Identity}, served by this node, is itself revoked: peers with the same lists refuse it", revoked);
        }

        var (inbound, outbound) = (0, 0);
        foreach (var worker in workers)
        {
            var cut = await worker.Loop.InvokeAsync(() => Task.FromResult(worker.CutRevoked(check.Lists)));
            inbound += cut.Inbound;
            outbound += cut.Outbound;
        }

        metrics.CountRevoked(Direction.Inbound, inbound);
        metrics.CountRevoked(Direction.Outbound, outbound);
        if (inbound + outbound == 0) return;
        log.LogWarning(
            "connections were cut because their peers' certificates are revoked: {Inbound} inbound, {Outbound} outbound", inbound, outbound);
    }
}
