using Mesh.Xds.Protos;
using Mesh.Xds.Wire;

namespace Mesh.Xds.Client;

/// <summary>What the client holds of one resource type, and how it asks for it on a new stream. Owned by the client's loop.</summary>
internal sealed class DeltaSubscription(string typeUrl, bool onDemand)
{
    private const string Wildcard = "*";

    public HeldVersions Held { get; } = new();

    public bool IsSynced { get; set; }

    /// <summary>Held names that the last initial request had no room for: the first push sends all that still exist, so those it
    /// does not mention are gone. Null when every name was listed, and after the first push.</summary>
    public HashSet<string>? Unlisted { get; set; }

    /// <summary>The first request of the type, followed on demand by as many as the names need.</summary>
    public IEnumerable<DeltaDiscoveryRequest> InitialRequests(Node node, IReadOnlyCollection<string> wanted, int bytesMax)
    {
        Unlisted = null;
        var requests = new List<DeltaDiscoveryRequest>();
        var request = new DeltaDiscoveryRequest { Node = node, TypeUrl = typeUrl };
        requests.Add(request);
        var size = request.CalculateSize();
        if (onDemand)
        {
            // Both at once: a subscription to nothing, instead of the wildcard that an empty list means.
            request.ResourceNamesSubscribe.Add(Wildcard);
            request.ResourceNamesUnsubscribe.Add(Wildcard);
        }
        foreach (var (name, version) in Held.All)
        {
            var entry = EntrySize(name, version);
            if (size + entry > bytesMax)
            {
                (Unlisted ??= new HashSet<string>(StringComparer.Ordinal)).Add(name);
                continue;
            }
            size += entry;
            request.InitialResourceVersions[name] = version;
        }
        if (!onDemand) return requests;
        // On demand nothing else would name them: an unlisted name is subscribed like a new one.
        foreach (var name in wanted.Concat(Unlisted ?? []))
        {
            if (Held.Contains(name) && Unlisted?.Contains(name) != true) continue;
            if (size + EntrySize(name, "") > bytesMax)
            {
                request = new DeltaDiscoveryRequest { TypeUrl = typeUrl };
                requests.Add(request);
                size = 0;
            }
            request.ResourceNamesSubscribe.Add(name);
            size += EntrySize(name, "");
        }
        Unlisted = null; // The server answers each subscribed name that it lacks with a removal.
        return requests;
    }

    /// <summary>Size of a map entry on the wire.</summary>
    private static int EntrySize(string name, string version)
    {
        var key = System.Text.Encoding.UTF8.GetByteCount(name);
        var inner = key + version.Length + 2 + ProtoWriter.VarintSize((ulong)key) + ProtoWriter.VarintSize((ulong)version.Length);
        return inner + 1 + ProtoWriter.VarintSize((ulong)inner);
    }
}
