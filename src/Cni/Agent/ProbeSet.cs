using System.Net;
using Mesh.Cni.Redirect;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Nftables;

namespace Mesh.Cni.Agent;

/// <summary>
/// The node's exemption of kubelet's probes: which addresses belong to enrolled pods, kept in step with the table in the host's namespace.
/// A change replaces the table in one transaction, so no probe ever meets a gap. Thread-safe.
/// </summary>
internal sealed class ProbeSet(NetworkNamespace host, uint kubeletUser, RedirectSettings settings) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyList<IPAddress>> _byPod = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private NftFingerprint? _applied;

    public int Count { get; private set; }

    public Task SetAsync(string uid, IReadOnlyList<IPAddress> addresses, CancellationToken stop) => ChangeAsync(() => _byPod[uid] = addresses, stop);

    public Task RemoveAsync(string uid, CancellationToken stop) => ChangeAsync(() => _byPod.Remove(uid), stop);

    /// <summary>Looks whether the table is still as we left it and repairs it; true if it had to.</summary>
    public async Task<bool> VerifyAsync(CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            var present = await host.RunAsync(() => Ruleset.Read(ProbeRules.TableName));
            if (_applied is null || present == _applied) return false;
            _applied = null;
            await ApplyAsync();
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Takes the table away, at uninstalling.</summary>
    public async Task ClearAsync(CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            await host.RunAsync(
                () =>
                {
                    Ruleset.Remove(ProbeRules.TableName);
                    return true;
                });
            _applied = null;
            _byPod.Clear();
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task ChangeAsync(Action change, CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            change();
            await ApplyAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ApplyAsync()
    {
        var table = ProbeRules.Render(_byPod.Values.SelectMany(static a => a), kubeletUser, settings);
        var wanted = Ruleset.FingerprintOf(table);
        Count = _byPod.Count;
        if (_applied == wanted) return;
        await host.RunAsync(
            () =>
            {
                if (Ruleset.Read(ProbeRules.TableName) != wanted) Ruleset.Apply(table);
                return true;
            });
        _applied = wanted;
    }
}
