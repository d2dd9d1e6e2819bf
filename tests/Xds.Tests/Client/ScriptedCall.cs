using System.Buffers.Binary;
using Google.Protobuf;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;
using Microsoft.AspNetCore.Http;

namespace Mesh.Xds.Tests.Client;

/// <summary>One call of a client, answered by the test.</summary>
internal sealed class ScriptedCall
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpContext context;

    public ScriptedCall(HttpContext context)
    {
        this.context = context;
        context.RequestAborted.Register(() => _over.TrySetResult()); // The client left.
    }

    public Task Over => _over.Task;

    public IHeaderDictionary Headers => context.Request.Headers;

    public async Task<DeltaDiscoveryRequest> ReceiveAsync() => DeltaDiscoveryRequest.Parser.ParseFrom(await ReceiveBytesAsync());

    /// <summary>The first request of a type, whichever comes first.</summary>
    public async Task<DeltaDiscoveryRequest> ReceiveAsync(string type)
    {
        while (true)
        {
            var request = await ReceiveAsync();
            if (request.TypeUrl == type) return request;
        }
    }

    public async Task<byte[]> ReceiveBytesAsync()
    {
        using var limit = new CancellationTokenSource(ScriptedServer.Patience);
        var prefix = new byte[GrpcPrefix.Size];
        await context.Request.Body.ReadExactlyAsync(prefix, limit.Token);
        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1))];
        await context.Request.Body.ReadExactlyAsync(message, limit.Token);
        return message;
    }

    public Task SendAsync(IMessage message) => SendBytesAsync(GrpcPrefix.Frame(message));

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        await context.Response.BodyWriter.WriteAsync(bytes);
        await context.Response.BodyWriter.FlushAsync();
    }

    public void End(GrpcCode code, string message = "")
    {
        context.Response.AppendTrailer("grpc-status", new GrpcStatus(code).CodeText);
        if (message.Length > 0) context.Response.AppendTrailer("grpc-message", message);
        _over.TrySetResult();
    }

    /// <summary>The stream breaks off where it is.</summary>
    public void Break()
    {
        context.Abort();
        _over.TrySetResult();
    }
}
