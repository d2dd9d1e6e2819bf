using Mesh.Dns;
using Mesh.Model;

namespace Mesh.Ztunnel.Dns;

/// <summary>Waits for the addresses of a name. Loop thread only.</summary>
internal sealed class DnsLookup(byte[] name, DnsType type) : IDnsWaiter
{
    private const int AddressesMax = 64;
    private readonly TaskCompletionSource<Ip[]> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What a name server knows of one family; empty when it knows nothing or nobody answers.</summary>
    public static async ValueTask<Ip[]> AskAsync(DnsForwarder forwarder, string hostname, bool wantsV4, DnsAsker asker)
    {
        var wire = new byte[DnsName.WireBytesMax];
        if (!DnsName.TryFromText(hostname, wire, out var length)) return [];
        var lookup = new DnsLookup(wire[..length], wantsV4 ? DnsType.A : DnsType.Aaaa);
        lookup.Begin(forwarder, asker);
        return await lookup._found.Task;
    }

    public void OnReply(ReadOnlySpan<byte> reply)
    {
        if (!DnsHeader.TryRead(reply, out var header)
            || DnsReply.TryRead(reply, header.Id, name, type, DnsQuery.Internet, out var read) != DnsReplyRead.Complete)
        {
            _found.TrySetResult([]);
            return;
        }

        Span<UInt128> addresses = stackalloc UInt128[AddressesMax];
        var count = read.CollectAddresses(name, type, addresses);
        var found = new Ip[count];
        for (var i = 0; i < count; i++) found[i] = Ip.FromBits(addresses[i], isV6: type == DnsType.Aaaa);
        _found.TrySetResult(found);
    }

    public void OnFailure() => _found.TrySetResult([]);

    private void Begin(DnsForwarder forwarder, DnsAsker asker)
    {
        var ask = new DnsAsk(name, type, DnsQuery.Internet, DnsFlags.RecursionDesired, null, asker);
        if (forwarder.TryFindCached(ask, out var reply, out _)) OnReply(reply);
        else forwarder.Ask(ask, this);
    }
}
