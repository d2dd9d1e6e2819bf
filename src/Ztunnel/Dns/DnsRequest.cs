using Mesh.Dns;
using Mesh.Model.Snapshot;

namespace Mesh.Ztunnel.Dns;

/// <summary>A request of a pod that waits for a name server. Loop thread only.</summary>
internal sealed class DnsRequest : IDnsWaiter
{
    private readonly DnsServer _server;
    private readonly DnsClient _client;
    private readonly MeshWorkload _source;
    private readonly byte[] _request;
    private readonly long _began;

    public DnsRequest(DnsServer server, DnsClient client, MeshWorkload source, ReadOnlySpan<byte> request, long began)
    {
        (_server, _client, _source, _began) = (server, client, source, began);
        _request = request.ToArray();
    }

    public void OnReply(ReadOnlySpan<byte> reply)
    {
        DnsQuery.TryRead(_request, out var query);
        var into = _server.Room(query, _client.IsTcp);
        var answer = into[..DnsAnswers.WriteReply(query, reply, 0, into)];
        _client.Send(answer);
        _server.Finish(query, answer, "upstream", new DnsAsker(_source, _client.IsTcp), _began);
    }

    public void OnFailure()
    {
        DnsQuery.TryRead(_request, out var query);
        var into = _server.Room(query, _client.IsTcp);
        var answer = into[..DnsAnswers.WriteError(query, DnsResponseCode.ServerFailure, into)];
        _client.Send(answer);
        _server.Finish(query, answer, "nobody", new DnsAsker(_source, _client.IsTcp), _began);
    }
}
