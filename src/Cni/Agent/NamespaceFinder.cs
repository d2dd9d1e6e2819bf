using System.Globalization;
using System.Net;
using Mesh.Linux;
using Mesh.Linux.Namespaces;
using Mesh.Linux.Netlink;

namespace Mesh.Cni.Agent;

/// <summary>
/// Finds the network namespace of a running pod by its processes. A process may stand in a foreign namespace (nsenter, a monitor in the
/// host's), so a namespace counts only if one of the pod's addresses is in it; the oldest process wins. Thread-safe.
/// </summary>
internal sealed class NamespaceFinder(string proc, NamespaceIdentity host, TimeProvider time)
{
    /// <summary>One look at all processes serves everybody who asks within this time.</summary>
    private static readonly TimeSpan ScanAge = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private Dictionary<string, List<ProcessNamespace>> _byPod = [];
    private long _scannedAt;
    private bool _scanned;

    /// <summary>The pod's namespace, opened for the caller; null when no process shows one.</summary>
    public NetworkNamespace? Find(string uid, IReadOnlyCollection<IPAddress> addresses)
    {
        foreach (var candidate in CandidatesOf(uid))
        {
            if (NetworkNamespace.TryOpen($"{proc}/{candidate.ProcessId}/ns/net", out var opened) != Errno.None) continue;
            if (opened!.Identity != host && opened.Identity == candidate.Namespace && Carries(opened, addresses)) return opened;
            opened.Dispose();
        }

        return null;
    }

    /// <summary>Forgets the last look, when something is known to have changed.</summary>
    public void Forget()
    {
        lock (_gate) _scanned = false;
    }

    internal static bool TryReadStartTime(string stat, out ulong start)
    {
        // The name in parentheses may itself hold spaces and parentheses; field 22 counts from behind the last one.
        start = 0;
        var end = stat.LastIndexOf(')');
        if (end < 0) return false;
        var fields = stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out start);
    }

    private static bool Carries(NetworkNamespace candidate, IReadOnlyCollection<IPAddress> addresses)
    {
        var present = candidate.Run(InterfaceAddresses.Read);
        foreach (var address in addresses)
        {
            if (present.Contains(address)) return true;
        }

        return false;
    }

    private List<ProcessNamespace> CandidatesOf(string uid)
    {
        lock (_gate)
        {
            if (!_scanned || time.GetElapsedTime(_scannedAt) > ScanAge)
            {
                _byPod = Scan();
                _scannedAt = time.GetTimestamp();
                _scanned = true;
            }

            return _byPod.TryGetValue(CgroupPodId.Normalise(uid), out var found) ? found : [];
        }
    }

    private Dictionary<string, List<ProcessNamespace>> Scan()
    {
        var byPod = new Dictionary<string, List<ProcessNamespace>>(StringComparer.Ordinal);
        foreach (var folder in Directory.EnumerateDirectories(proc))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            if (TryReadProcess(folder, id, out var pod, out var found) && found.Namespace != host) Note(byPod, pod, found);
        }

        foreach (var list in byPod.Values) list.Sort(static (a, b) => a.StartTime.CompareTo(b.StartTime));
        return byPod;
    }

    private static void Note(Dictionary<string, List<ProcessNamespace>> byPod, string pod, ProcessNamespace found)
    {
        if (!byPod.TryGetValue(pod, out var list)) byPod[pod] = list = [];
        var same = list.FindIndex(known => known.Namespace == found.Namespace);
        if (same < 0) list.Add(found);
        else if (list[same].StartTime > found.StartTime) list[same] = found;
    }

    private static bool TryReadProcess(string folder, int id, out string pod, out ProcessNamespace found)
    {
        (pod, found) = (string.Empty, default);
        try
        {
            if (CgroupPodId.Find(File.ReadAllText($"{folder}/cgroup")) is not { } uid) return false;
            if (NetworkNamespace.TryIdentify($"{folder}/ns/net", out var seen) != Errno.None) return false;
            if (!TryReadStartTime(File.ReadAllText($"{folder}/stat"), out var start)) return false;
            pod = uid;
            found = new ProcessNamespace(id, start, seen);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // It ended while we looked.
        }
    }
}
