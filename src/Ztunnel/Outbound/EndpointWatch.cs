using System.Runtime.InteropServices;
using Mesh.Linux.Loops;
using Mesh.Model.Decisions;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Outbound;

/// <summary>
/// What one pod's connections on one worker tell about endpoints: how busy they are, and which could not be reached just now. An endpoint
/// that fails rests for a second, twice as long each further time in a row; choosing takes it all the same when nothing else is left.
/// Loop thread only.
/// </summary>
internal sealed class EndpointWatch(EndpointLoads loads, EventLoop loop) : IEndpointLoad
{
    internal const int EjectedMax = 4096;
    internal static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    /// <summary>A failure so long after the last one is a first one again.</summary>
    private static readonly TimeSpan Forgets = TimeSpan.FromMinutes(1);
    private const int DoublingsMax = 5;
    private readonly Dictionary<MeshWorkload, (int Failures, long Until)> _ejected = new(MeshWorkload.ByUid);

    /// <summary>Endpoints whose failures are remembered.</summary>
    public int Remembered => _ejected.Count;

    public int LoadOf(MeshWorkload workload) => loads.Of(workload);

    public bool IsEjected(MeshWorkload workload) =>
        _ejected.Count > 0 && _ejected.TryGetValue(workload, out var known) && loop.NowMilliseconds < known.Until;

    /// <summary>It answered.</summary>
    public void Succeeded(MeshWorkload workload)
    {
        if (_ejected.Count > 0) _ejected.Remove(workload);
    }

    /// <summary>It could not be reached; false when it is resting already, for connections that were under way tell nothing new.</summary>
    public bool Failed(MeshWorkload workload)
    {
        if (_ejected.Count >= EjectedMax && !_ejected.ContainsKey(workload)) _ejected.Clear(); // Everybody gets another chance.
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_ejected, workload, out _);
        var now = loop.NowMilliseconds;
        if (now < known.Until) return false;
        var failures = now - known.Until > Forgets.TotalMilliseconds ? 1 : known.Failures + 1;
        var rest = FirstRest * (1 << Math.Min(failures - 1, DoublingsMax));
        known = (failures, now + (long)Math.Min(rest.TotalMilliseconds, LongestRest.TotalMilliseconds));
        return true;
    }
}
