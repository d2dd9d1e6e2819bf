using Mesh.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Mesh.ControlPlane.Authority;

/// <summary>
/// Keeps the signer current: looks at its store now and then, takes over what another replica or an administrator put there, and
/// renews the self-signed root in the last fifth of its life from the same key and under the same name, so that issued certificates keep
/// verifying. An intermediate is never renewed here.
/// </summary>
internal sealed class RootRotation(
    RootStore store, CertificateAuthority authority, Func<bool> isLeader, Action changed, TimeProvider time, Random chance, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken stop)
    {
        var wait = Interval * chance.NextDouble(); // Replicas that started together do not look together.
        while (true)
        {
            try
            {
                await Task.Delay(wait, time, stop);
                wait = Interval;
                await CheckAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException problem)
            {
                log.LogWarning("The root certificate could not be looked at: {Problem}. Trying again in {Delay}.", problem.Message, wait);
            }
        }
    }

    /// <summary>One look: reload, then renew when it is time and ours to do.</summary>
    public async Task CheckAsync(CancellationToken stop)
    {
        var (issuer, problem) = await store.LoadOrCreateAsync(stop);
        if (issuer is null) log.LogWarning("Going on with the signing certificate in memory: {Problem}", problem);
        else if (authority.IsCurrent(issuer)) issuer.Dispose();
        else
        {
            log.LogInformation("The signing certificate has changed: the new one ends {End}.", issuer.NotAfter);
            authority.Use(issuer);
            changed();
        }
        if (!authority.IsRenewalDue() || authority.Issuer is not { } old) return;
        if (store.IsPluggedIn || !old.IsSelfIssued)
        {
            // Its own issuer alone can renew an intermediate: a root made from its key would be trusted by nobody.
            log.LogWarning("The signing certificate ends {End} and is not ours to renew: put a new one where it came from.", old.NotAfter);
            return;
        }
        if (!isLeader()) return;
        if (await store.RenewAsync(old, stop) is not { } renewed) return;
        log.LogInformation("Renewed the root certificate from the same key: it now ends {End}.", renewed.NotAfter);
        authority.Use(renewed);
        changed();
    }
}
