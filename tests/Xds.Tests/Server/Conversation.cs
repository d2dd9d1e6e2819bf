using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;
using Mesh.Xds.Server;

namespace Mesh.Xds.Tests.Server;

/// <summary>One client's stream with a real server, spoken in raw frames and the generated classes.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Pipe _toServer = new();
    private readonly Pipe _toClient = new(new PipeOptions(pauseWriterThreshold: 64 * 1024 * 1024, resumeWriterThreshold: 1024));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<GrpcStatus> _serving;
    private readonly Stream _received;

    public Conversation(DeltaServer server, DeltaPeer? peer = null)
    {
        _received = _toClient.Reader.AsStream();
        _serving = server.ServeAsync(_toServer.Reader.AsStream(), _toClient.Writer, peer, _stop.Token);
    }

    public static Node Node(string id = "ztunnel~10.0.0.1~zt.istio-system~istio-system.svc.cluster.local", string nodeName = "node-a", string ns = "istio-system") => new()
    {
        Id = id,
        Metadata = new Struct { Fields = { ["NODE_NAME"] = Value.ForString(nodeName), ["NAMESPACE"] = Value.ForString(ns) } },
    };

    public async Task SendAsync(DeltaDiscoveryRequest request) => await _toServer.Writer.WriteAsync(GrpcPrefix.Frame(request));

    public async Task SendBytesAsync(byte[] bytes) => await _toServer.Writer.WriteAsync(bytes);

    public Task SubscribeAllAsync(string type, params (string Name, string Version)[] held)
    {
        var request = new DeltaDiscoveryRequest { Node = Node(), TypeUrl = type };
        foreach (var (name, version) in held) request.InitialResourceVersions[name] = version;
        return SendAsync(request);
    }

    public Task AckAsync(DeltaDiscoveryResponse response, string? error = null)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce };
        if (error is not null) request.ErrorDetail = new Status { Code = 3, Message = error };
        return SendAsync(request);
    }

    public async Task<DeltaDiscoveryResponse> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var prefix = new byte[5];
        await _received.ReadExactlyAsync(prefix, limit.Token);
        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1))];
        await _received.ReadExactlyAsync(message, limit.Token);
        return DeltaDiscoveryResponse.Parser.ParseFrom(message);
    }

    /// <summary>Proves that nothing came before the answer to a fresh question.</summary>
    public async Task ExpectNothingAsync()
    {
        var probe = "test/" + Guid.NewGuid();
        await SendAsync(new DeltaDiscoveryRequest { TypeUrl = probe });
        Assert.Equal(probe, (await ReceiveAsync()).TypeUrl);
    }

    public void HangUp() => _toServer.Writer.Complete();

    public async Task<GrpcStatus> EndAsync() => await _serving.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _stop.Dispose();
    }
}
