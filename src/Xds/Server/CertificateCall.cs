using System.IO.Pipelines;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Xds.Client;
using Mesh.Xds.Grpc;
using Mesh.Xds.Protos;

namespace Mesh.Xds.Server;

/// <summary>The server's half of CreateCertificate: reads the one request, writes the one response. Stateless.</summary>
public static class CertificateCall
{
    private const int RequestBytesMax = 64 * 1024;

    /// <summary>What the client asked for, or why it cannot be read.</summary>
    public static async Task<(CertificateQuestion? Question, GrpcStatus Problem)> ReadAsync(Stream input, CancellationToken stop)
    {
        using var reader = new MessageReader(input, RequestBytesMax);
        switch (await reader.ReadAsync(stop))
        {
            case GrpcRead.TooLarge:
                return (null, new GrpcStatus(GrpcCode.ResourceExhausted, $"requests above {RequestBytesMax} bytes are refused"));
            case GrpcRead.End or GrpcRead.Malformed:
                return (null, new GrpcStatus(GrpcCode.InvalidArgument, "the request is cut off or not gRPC"));
            case GrpcRead.Message: break;
        }
        try
        {
            var request = IstioCertificateRequest.Parser.ParseFrom(reader.Message.Span);
            return (new CertificateQuestion(request.Csr, request.ValidityDuration, Identity(request.Metadata)), default);
        }
        catch (InvalidProtocolBufferException)
        {
            return (null, new GrpcStatus(GrpcCode.InvalidArgument, "the request is not an IstioCertificateRequest"));
        }
    }

    public static async Task WriteAsync(PipeWriter output, IReadOnlyList<string> chain, CancellationToken stop)
    {
        var response = new IstioCertificateResponse();
        response.CertChain.Add(chain);
        await output.WriteAsync(GrpcPrefix.Frame(response), stop);
    }

    private static string? Identity(Struct? metadata) =>
        metadata is not null && metadata.Fields.TryGetValue(CertificateClient.ImpersonatedIdentity, out var value)
            ? value.StringValue
            : null;
}
